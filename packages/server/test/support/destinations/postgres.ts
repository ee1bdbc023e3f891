import { randomBytes } from 'node:crypto'
import { createTestDatabase } from '../database.ts'
import { openLine } from '../database-line.ts'
import type { Subject } from './subject.ts'

/** A database beside Pombo's own, reached by TCP, as a customer's is. */
export async function postgresSubject(): Promise<Subject> {
  const database = await createTestDatabase()
  const line = await openLine(database.url)
  const { host } = new URL(line.url)
  const user = `customer_${randomBytes(4).toString('hex')}`
  await database.pool.query(`create role ${user} login password 'a b/c%'`)
  const { rows } = await database.pool.query<{ name: string }>('select current_database() as name')
  const url = (at: string, who = user) =>
    `postgres://${who}:${encodeURIComponent('a b/c%')}@${at}/${rows[0]!.name}?sslmode=disable`
  let made = 0
  return {
    type: 'postgres',
    missing: undefined,
    host,
    async place() {
      const table = `customer.events_${++made}`
      const restore = async () => {
        await database.pool.query('create schema if not exists customer')
        await database.pool.query(
          `create table ${table} (place serial, id text primary key, event_type text not null, app text,
             payload json not null, headers json not null)`,
        )
        await database.pool.query(`grant usage on schema customer to ${user}`)
        await database.pool.query(`grant insert, select on ${table} to ${user}`)
        await database.pool.query(`grant usage on all sequences in schema customer to ${user}`)
      }
      await restore()
      return {
        settings: (at = host) => ({ type: 'postgres', url: url(at), table }),
        async got() {
          const found = await database.pool.query<{
            body: string
            properties: Record<string, string>
          }>(`select payload::text as body, headers as properties from ${table} order by place`)
          return found.rows
        },
        remove: async () => void (await database.pool.query(`drop table ${table}`)),
        restore,
      }
    },
    nowhere: {
      settings: (at) => ({ type: 'postgres', url: url(at), table: 'customer.nothing' }),
      field: 'table',
    },
    // The embedded server of the tests asks nobody for a password.
    stranger: (at) => ({ type: 'postgres', url: url(at, 'stranger'), table: 'a' }),
    async stop() {
      await database.pool.query(`drop owned by ${user}`)
      await database.pool.query(`drop role ${user}`)
      await line.cut()
      await database.drop()
    },
  }
}

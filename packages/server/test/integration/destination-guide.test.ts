// The guide of destinations: its commands, run as they stand, in both languages the same, against a Pombo, a Redis, a
// PostgreSQL and the brokers that answer here.
import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect as connectNats } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { brokerMissing } from '../support/broker-missing.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { openLine } from '../support/database-line.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { until } from '../support/receiver.ts'
import { redisMissing, startRedis } from '../support/redis-server.ts'

const guides = join(import.meta.dirname, '../../../../docs/guides')
const noTools = ['bash', 'curl'].some((tool) => spawnSync('which', [tool]).status !== 0)

function blocksOf(page: string, fence: string): string[] {
  const text = readFileSync(join(guides, page), 'utf8')
  const found = text.matchAll(new RegExp(`^\`\`\`${fence}\n(.*?)^\`\`\`$`, 'gms'))
  return [...found].map(([, block]) => block!)
}

const [prelude, redis, postgres, rabbitmq, nats, mqtt, poll, stream, wrong] = blocksOf(
  'destinations.md',
  'sh',
) as [string, string, string, string, string, string, string, string, string]

let pombo: TestPombo
let customers: TestDatabase
const stops: (() => unknown)[] = []
beforeAll(async () => {
  pombo = await startPombo()
  customers = await createTestDatabase()
})
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop()
  await customers?.drop()
  await pombo?.stop()
})

/** With this Pombo's address and key in place of the page's. */
async function run(block: string): Promise<string> {
  const helper = prelude.replace(/^KEY=…; API=\S+\n/, '')
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', helper + block], {
    env: { PATH: process.env['PATH'], KEY: pombo.key, API: `${pombo.url}/api/v1` },
  })
  return stdout
}

const made = async (block: string) => JSON.parse(await run(block)) as { id: string; uid: string }

test('both languages show the same commands', () => {
  for (const fence of ['sh', 'sql', 'js'])
    expect(blocksOf('destinations.pt-BR.md', fence)).toEqual(blocksOf('destinations.md', fence))
})

test.skipIf(noTools)(
  'each destination is made as the page shows, and what is sent arrives there',
  async () => {
    const server = redisMissing ? undefined : await startRedis()
    if (server) stops.push(async () => await server.stop())
    const [app, endpoint] = redis.split(/\n(?=c \$API\/app\/loja)/)
    await run(app!)
    if (server) {
      const { uid } = await made(endpoint!.replace('127.0.0.1:6379', `127.0.0.1:${server.port}`))
      expect(uid).toBe('stream')
    }
    const [table] = blocksOf('destinations.md', 'sql')
    await customers.pool.query(table!)
    const line = await openLine(customers.url)
    stops.push(async () => await line.cut())
    const { host, username, pathname } = new URL(line.url)
    const url = `postgres://${username}:x@${host}${pathname}?sslmode=disable`
    await made(postgres.replace(/postgres:\/\/[^"]+/, url))

    if (!(await brokerMissing('RabbitMQ', '127.0.0.1:5672'))) await made(rabbitmq)
    if (!(await brokerMissing('MQTT broker', '127.0.0.1:1883'))) await made(mqtt)
    if (!(await brokerMissing('NATS', '127.0.0.1:4222'))) {
      const connection = await connectNats({ servers: '127.0.0.1:4222' })
      stops.push(async () => await connection.close())
      const manager = await jetstreamManager(connection)
      await manager.streams.add({
        name: 'POMBO_GUIDE',
        subjects: ['pombo.guide.>'],
        storage: 'memory',
      })
      stops.push(async () => await manager.streams.delete('POMBO_GUIDE'))
      await made(nats)
    }

    expect(await run(poll)).toContain('"eventType":"order.paid"')
    const rows = await until(async () => {
      const found = await customers.pool.query<{ event_type: string; payload: unknown }>(
        'select event_type, payload from events',
      )
      return found.rows.length > 0 && found.rows
    })
    expect(rows).toEqual([{ event_type: 'order.paid', payload: { id: 7 } }])
    if (server) {
      const client = new Redis(server.url)
      const entries = await until(async () => {
        const all = await client.xrange('events:loja', '-', '+')
        return all.length > 0 && all
      })
      expect(entries[0]![1]).toContain('{"id": 7}')
      client.disconnect()
    }
  },
)

test.skipIf(noTools)(
  'a connected consumer is told the same by server-sent events and over a WebSocket',
  async () => {
    // curl ends with 28 when its time is over.
    expect(await run(`${stream.trimEnd()} || true`)).toContain('event: message\ndata: {"id":"msg_')
    const [script] = blocksOf('destinations.md', 'js')
    const ended = `\nsetTimeout(() => process.exit(), 4000)`
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script! + ended], {
      env: { ...process.env, KEY: pombo.key, API: `${pombo.url}/api/v1` },
    })
    expect(stdout).toBe('order.paid { id: 7 }\n')
  },
)

test.skipIf(noTools)('settings that lead nowhere are refused with the field at fault', async () => {
  const { detail } = JSON.parse(await run(wrong)) as { detail: { loc: string[] }[] }
  expect(detail[0]!.loc).toEqual(['body', 'destination', 'url'])
})

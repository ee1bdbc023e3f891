import { afterEach, expect, test } from 'vitest'
import { startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/config.ts'
import { openLog } from '../../src/observe/log.ts'
import { endAll, pombo } from '../e2e/cli-process.ts'
import { createTestDatabase } from '../support/database.ts'
import { until } from '../support/receiver.ts'
import { createSourceDatabase, installOutbox } from '../support/source-database.ts'

afterEach(endAll)

test("Pombo reads its own database's outbox and those it is told of, each for its app", async () => {
  const own = await createTestDatabase()
  const shop = await createSourceDatabase()
  // What `pombo pg install` asks for where the role is called as the schema, as the embedded server's is.
  const role = `alter role current_user in database "${new URL(own.url).pathname.slice(1)}"`
  await own.pool.query(`${role} set search_path = public`)
  await installOutbox(shop.pool)
  const loaded = loadConfig({
    env: {
      DATABASE_URL: own.url,
      POMBO_LISTEN: '127.0.0.1:0',
      POMBO_ENCRYPTION_KEYS: Buffer.alloc(32, 7).toString('base64'),
      POMBO_OUTBOX_URLS: `shop=${shop.url}`,
      POMBO_OUTBOX_APP: 'own',
    },
  })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  await installOutbox(own.pool)
  const app = await startApp(loaded.config, {
    log: openLog({ level: 'silent', format: 'json', write: () => {} }),
  })
  try {
    await own.pool.query(`select pombo.emit('in.own', '1')`)
    await shop.pool.query(`select pombo.emit('in.shop', '2')`)
    const arrived = await until(async () => {
      const { rows } = await own.pool.query(
        'select a.uid, m.event_type, m.payload from message m join app a on a.id = m.app_id order by a.uid',
      )
      return rows.length === 2 && rows
    })
    expect(arrived).toEqual([
      { uid: 'own', event_type: 'in.own', payload: '1' },
      { uid: 'shop', event_type: 'in.shop', payload: '2' },
    ])
  } finally {
    await app.stop()
    await shop.drop()
    await own.pool.query(`${role} reset search_path`)
    await own.drop()
  }
})

test('a Pombo that is killed again and again loses no event of an outbox and makes none twice', async () => {
  const own = await createTestDatabase()
  const shop = await createSourceDatabase()
  await installOutbox(shop.pool)
  const events = 12_000
  await shop.pool.query(
    `select pombo.emit('thing.happened', to_jsonb(n)) from generate_series(1, ${events}) n`,
  )
  const env = {
    DATABASE_URL: own.url,
    POMBO_LISTEN: '127.0.0.1:0',
    POMBO_ENCRYPTION_KEYS: Buffer.alloc(32, 7).toString('base64'),
    POMBO_OUTBOX_URLS: `shop=${shop.url}`,
    POMBO_LOG_LEVEL: 'error',
  }
  const count = async (): Promise<number> => {
    const sql = 'select count(*) as n from message'
    return (await own.pool.query<{ n: number }>(sql)).rows[0]!.n
  }
  let reached = 0
  let kills = 0
  for (; reached < events && kills < 4; kills++) {
    const serve = pombo(['serve'], env)
    reached = await until(async () => {
      const now = await count()
      return now > reached && now
    }, 60_000)
    serve.child.kill('SIGKILL')
    await serve.ended()
  }
  expect(kills).toBeGreaterThan(1)
  pombo(['serve'], env)
  await until(async () => {
    const { rows } = await shop.pool.query<{ waiting: boolean }>(
      'select exists (select from pombo.outbox) as waiting',
    )
    return !rows[0]!.waiting
  }, 90_000)
  const { rows } = await own.pool.query(
    'select count(*) as messages, count(distinct payload) as events from message',
  )
  expect(rows[0]).toEqual({ messages: events, events })
  await endAll()
  await shop.drop()
  await own.drop()
}, 180_000)

// The guides of PostgreSQL and Redis as sources: their commands, run as they stand, against real ones and a Pombo
// that reads from them.
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { type BrokerSettings, brokerTypes } from '../../src/sources/broker/kind.ts'
import { brokerOf } from '../../src/sources/brokers.ts'
import { presets } from '../../src/sources/signed/signed.ts'
import { bundledPombo } from '../../../../scripts/bundled.mjs'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'
import { redisMissing, startRedis } from '../support/redis-server.ts'
import { createSourceDatabase } from '../support/source-database.ts'

const guides = join(import.meta.dirname, '../../../../docs/guides')
const { main } = bundledPombo()
const lacking = (...tools: string[]) =>
  tools.some((tool) => spawnSync('which', [tool]).status !== 0)

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

function blocksOf(page: string): string[] {
  const text = readFileSync(join(guides, page), 'utf8')
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!)
}

async function run(block: string, env: Record<string, string>): Promise<string> {
  const cwd = mkdtempSync(join(tmpdir(), 'pombo-guide-'))
  stops.push(() => rmSync(cwd, { recursive: true, force: true }))
  const pombo = `pombo() { "${process.execPath}" "${main}" "$@"; }\n`
  const script = ['-euo', 'pipefail', '-c', pombo + block]
  const { stdout } = await promisify(execFile)('bash', script, {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
  })
  return stdout
}

async function started(env: Record<string, string>): Promise<TestPombo> {
  const pombo = await startPombo(env)
  stops.push(() => pombo.stop())
  return pombo
}

async function receiver(): Promise<Receiver> {
  const one = await startReceiver()
  stops.push(() => one.close())
  return one
}

test.each(['redis', 'postgresql', 'webhooks-in', 'brokers'])(
  '%s: both languages show the same commands',
  (name) => {
    const withoutComments = (page: string) =>
      blocksOf(page).map((block) => block.replace(/ +(#|--) .*$/gm, ''))
    expect(withoutComments(`${name}.pt-BR.md`)).toEqual(withoutComments(`${name}.md`))
    expect(blocksOf(`${name}.md`).length).toBeGreaterThan(2)
  },
)

test.skipIf(redisMissing !== undefined || lacking('curl', 'jq', 'redis-cli'))(
  'the guide of brokers does what it says: a source that is fed, how it goes, and what is set aside',
  async () => {
    const redis = await startRedis()
    stops.push(() => redis.stop())
    const pombo = await started({})
    const env = { REDIS: redis.url, POMBO: pombo.url, KEY: pombo.key }
    const [make, send, state, refused] = blocksOf('brokers.md')
    const made = await run(make!, env)
    expect(made).toContain('"type":"redis"')
    await run(send!, env)
    const payloads = async () =>
      (
        await pombo.database.pool.query<{ payload: string; ordering_key: string }>(
          'select payload, ordering_key from message order by id',
        )
      ).rows.map(({ payload, ordering_key }) => `${ordering_key} ${payload}`)
    await until(async () => (await payloads()).length === 2)
    expect(new Set(await payloads())).toEqual(
      new Set(['customer-7 {"id": 1, "total": 99.90}', 'customer-8 {"id": 2, "total": 12.00}']),
    )
    await until(async () => (await run(state!, env)).includes('"state": "reading"'))
    // The guide waits a second for it, and this machine may take longer.
    const withoutWait = refused!.replace(
      'sleep 1',
      'until redis-cli -u $REDIS EXISTS orders:pombo:refused | grep -q 1; do sleep 0.1; done',
    )
    const shown = await run(withoutWait, env)
    expect(shown).toContain('it is not JSON')
    expect(shown).toMatch(/"received": 3,\s+"accepted": 2,\s+"refused": 1/)
  },
)

test('every settings of a broker in the guide is one that the API takes', () => {
  for (const page of ['brokers.md', 'brokers.pt-BR.md']) {
    const text = readFileSync(join(guides, page), 'utf8')
    const given = [...text.matchAll(/^```json\n(.*?)^```$/gms)].map(
      ([, block]) => JSON.parse(block!) as BrokerSettings,
    )
    expect(new Set(given.map(({ type }) => type))).toEqual(new Set(brokerTypes))
    for (const settings of given) {
      const kind = brokerOf(settings)
      expect(kind.settings.parse(settings)).toEqual(settings)
      expect(kind.problem?.(kind.settings.parse(settings))).toBeUndefined()
      expect(kind.isEncrypted(settings)).toBe(true)
    }
  }
})

test.skipIf(redisMissing !== undefined || lacking('curl', 'jq', 'redis-cli'))(
  'the guide of Redis does what it says: lists, streams, what is set aside, and putting it back',
  async () => {
    const redis = await startRedis()
    stops.push(() => redis.stop())
    const [serve, list, stream, refused, mend, queues] = blocksOf('redis.md')
    const settings = [...serve!.matchAll(/(\w+_REDIS_\w+)=(\S+)/g)].map(
      ([, name, value]) => [name!, value!.replace('$REDIS', redis.url)] as const,
    )
    expect(settings).toHaveLength(4)
    const pombo = await started(Object.fromEntries(settings))
    const target = await receiver()
    const env = { REDIS: redis.url, POMBO: pombo.url, KEY: pombo.key }
    const here = (block: string) => block.replaceAll('http://127.0.0.1:8172', target.url)

    await run(here(list!), env)
    await run(stream!, env)
    const bodies = () => target.received.map(({ body }) => body)
    await until(() => bodies().length === 2)
    expect(new Set(bodies())).toEqual(
      new Set(['{"id": 1, "total": 99.90}', '{"id": 2, "total": 12.00}']),
    )

    const [push, look] = refused!.split('\n\n')
    await run(push!, env)
    await until(() => redis.ask('LLEN', 'queue:orders:pombo:refused')[0] === '1')
    await until(() => redis.ask('XLEN', 'stream:orders:pombo:refused')[0] === '1')
    const shown = await run(look!, env)
    expect(shown).toContain('{"problem":"eventType: must be 1 to 256 letters')
    expect(shown).toContain('its field "payload" is not JSON')

    await run(mend!, env)
    await until(() => bodies().length === 3)
    expect(bodies()[2]).toBe('{}')
    expect(redis.ask('EXISTS', 'stream:orders:pombo:refused')).toEqual(['0'])

    // The producer itself needs ioredis; an unmodified one is at work in bullmq.test.ts.
    const makeSession = queues!.slice(queues!.indexOf('curl'), queues!.indexOf('node enqueue'))
    expect(JSON.parse(await run(here(makeSession), env))).toMatchObject({ success: true })
  },
)

test.skipIf(lacking('psql', 'curl'))(
  'the guide of PostgreSQL does what it says: install, look, take away, and Supabase',
  async () => {
    const shop = await createSourceDatabase()
    stops.push(() => shop.drop())
    const [install, print, look, supabase] = blocksOf('postgresql.md')
    const env = { SHOP: shop.url }
    const yes = install!.replaceAll('pombo pg install', 'pombo pg install --yes')
    expect(await run(yes, env)).toContain('create table')
    expect(await run(`${print}cat 0042_pombo.sql`, env)).toContain('user.deleted')

    const pombo = await started({ POMBO_OUTBOX_URLS: `shop=${shop.url}` })
    const app = (path: string) => pombo.api('GET', `/app/shop${path}`)
    await shop.pool.query(
      `insert into users (email, name, password_hash) values ('ana@example.com', 'Ana', 'never')`,
    )
    const messages = async () => (await app('/msg?with_content=true')).body.data ?? []
    const [user] = await until(async () => {
      const found = await messages()
      return found.length === 1 && found
    }, 20_000)
    expect(user).toMatchObject({
      eventType: 'user.registered',
      payload: {
        type: 'INSERT',
        table: 'users',
        schema: 'public',
        record: { id: 1, email: 'ana@example.com', name: 'Ana' },
        old_record: null,
      },
    })
    expect(JSON.stringify(user)).not.toContain('never')

    const posted = supabase!.replaceAll('http://127.0.0.1:8071', pombo.url)
    await run(posted, { KEY: pombo.key })
    await until(async () => (await messages()).length === 2)

    await until(async () => (await shop.pool.query('select from pombo.outbox')).rowCount === 0)
    const guide = readFileSync(join(guides, 'postgresql.md'), 'utf8')
    const [sql, json] = ['sql', 'json'].map(
      (fence) => guide.split(`\`\`\`${fence}\n`)[1]!.split('```')[0]!,
    )
    await shop.pool.query(sql!)
    expect(JSON.stringify(user.payload)).toBe(json!.trim())
    const printed = await run(look!.replace('uninstall', 'uninstall --yes'), env)
    expect(printed).toContain('user.registered')
    const { rowCount } = await shop.pool.query(`select from pg_namespace where nspname = 'pombo'`)
    expect(rowCount).toBe(0)
  },
)

test('the guide of signed webhooks names every service, with the page that its scheme is from', () => {
  for (const page of ['webhooks-in.md', 'webhooks-in.pt-BR.md']) {
    const text = readFileSync(join(guides, page), 'utf8')
    for (const { name, docs } of presets) {
      const row = text.split('\n').find((line) => line.startsWith(`| \`${name}\` |`))
      expect(row, name).toContain(`](${docs}) |`)
    }
  }
})

test.skipIf(lacking('curl', 'openssl'))(
  'the guide of signed webhooks does what it says: a source of Stripe, one of one’s own, and a signed request',
  async () => {
    const [stripe, own, send] = blocksOf('webhooks-in.md')
    const pombo = await started({})
    const env = { POMBO: pombo.url, KEY: pombo.key }
    const made = (await run(stripe!, env)).replace('}{', '}\n{').split('\n')
    expect(JSON.parse(made.at(-1)!)).toMatchObject({ gateway: 'stripe', signed: true })
    const { ingestUrl } = JSON.parse(await run(own!, env)) as { ingestUrl: string }
    const taken = await run(send!, { ...env, URL: ingestUrl })
    expect(JSON.parse(taken)).toMatchObject({ accepted: 1 })
    const forged = await run(send!.replace("'a key that both sides know'", 'guessed'), {
      ...env,
      URL: ingestUrl,
    })
    expect(JSON.parse(forged)).toMatchObject({ code: 'bad_signature' })
  },
)

import { randomUUID } from 'node:crypto'
import { openPool, type Pool } from '../src/db/pool.ts'
import { sealContext } from '../src/db/reseal.ts'
import { createSeal } from '../src/db/seal.ts'
import { loadOrMakeKeys } from '../src/db/seal-keys.ts'
import { seeded } from './chaos/random.ts'
import { type Figure, figure, median } from './parts/figure.ts'
import { openDatabaseMeter } from './parts/postgres.ts'
import { drive, type Stage } from './parts/stage.ts'
import { openSubject, type Subject } from './parts/subject.ts'

const perApp = 10

interface Side {
  pombo: Subject
  urls: string[]
  rates: number[]
  cpuMs: number[]
  databaseCpuMs: number[]
}

/**
 * Events to applications of ten endpoints each, of which one wants them: to ten applications, and to very many, one
 * after the other, so that what does not fit into memory is always what comes next.
 */
export async function manyEndpoints(
  stage: Stage,
  { apps, rounds, events }: { apps: number; rounds: number; events: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  const few = await open(stage, 'few', 10)
  const many = await open(stage, 'many', apps)
  const admin = openPool(stage.adminUrl, 1, 'bench')
  const meter = await openDatabaseMeter(admin)
  const us = (times: number[]) => Math.round(median(times) * 1000)
  try {
    for (let round = 0; round <= rounds; round++)
      for (const [name, side] of Object.entries({ few, many })) {
        // The first round meets as many applications as fit into memory, and does not count.
        const count =
          round === 0 ? Math.min(events * 3, Math.max(events / 4, side.urls.length)) : events
        const before = await usage(side)
        const looked = await meter.look()
        const urls = shuffled(side.urls, round)
        const { perSecond: rate } = await drive(stage, { urls, count })
        const cpuMs = ((await usage(side)).cpuMs - before.cpuMs) / count
        const databaseCpuMs = ((await meter.since(looked)).cpuMs ?? Number.NaN) / count
        if (round > 0) {
          side.rates.push(rate)
          side.cpuMs.push(cpuMs)
          side.databaseCpuMs.push(databaseCpuMs)
        }
        say(
          `  round ${round} ${name.padEnd(4)} ${Math.round(rate)} events/s, ` +
            `${Math.round(cpuMs * 1000)} µs of CPU an event, PostgreSQL ${Math.round(databaseCpuMs * 1000)} µs`,
        )
      }
    const [fewMib, manyMib] = [await heldMib(few), await heldMib(many)]
    return [
      figure(
        `rate with ${apps * perApp} endpoints in ${apps} applications, against 100 in 10`,
        median(many.rates) / median(few.rates),
        '≥ 0.8 ×',
        `${Math.round(median(many.rates))} against ${Math.round(median(few.rates))} events/s; CPU of the node ` +
          `${us(many.cpuMs)} against ${us(few.cpuMs)} µs an event, of PostgreSQL ${us(many.databaseCpuMs)} against ` +
          `${us(few.databaseCpuMs)} µs`,
      ),
      figure(
        'memory of the node, likewise',
        manyMib - fewMib,
        '≤ 100 MB more',
        `${Math.round(manyMib)} against ${Math.round(fewMib)} MB of heap and what belongs to it, ` +
          'after a collection',
      ),
    ]
  } finally {
    await Promise.all([few.pombo.stop(), many.pombo.stop(), admin.end()])
  }
}

async function usage({ pombo }: Side): Promise<{ cpuMs: number }> {
  return await pombo.part.ask('usage')
}

async function heldMib({ pombo }: Side): Promise<number> {
  const { heapBytes, externalBytes } = await pombo.held()
  return (heapBytes + externalBytes) / 1_048_576
}

/** In another order each time, the same in each run. */
function shuffled(urls: readonly string[], seed: number): string[] {
  const random = seeded(seed)
  return urls
    .map((url) => ({ url, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ url }) => url)
}

async function open(stage: Stage, name: string, apps: number): Promise<Side> {
  const cacheBytes = process.env['POMBO_CACHE_BYTES']
  const env = cacheBytes === undefined ? undefined : { POMBO_CACHE_BYTES: cacheBytes }
  const pombo = await openSubject(stage, `endpoints_${name}`, env)
  const { pool, url } = pombo
  await pombo.target('first', '/ok', { maxInFlight: 64, eventTypes: ['message.received'] })
  await multiply(pool, apps, await loadOrMakeKeys(stage.dataDir))
  const { rows } = await pool.query<{ uid: string }>('select uid from app where uid is not null')
  const urls = rows.map(({ uid }) => `${url}/api/v1/app/${uid}/msg?with_content=false`)
  return { pombo, urls, rates: [], cpuMs: [], databaseCpuMs: [] }
}

/** As many applications like the first, each of ten endpoints like its own, with secrets of their own. */
async function multiply(pool: Pool, apps: number, keys: string[]): Promise<void> {
  // One statement makes them all.
  await pool.query('set statement_timeout = 0; set enable_seqscan = on')
  const columns = async (table: string, but: string[]): Promise<string> => {
    const { rows } = await pool.query<{ name: string }>(
      `select quote_ident(column_name) as name from information_schema.columns
        where table_name = $1 and is_generated = 'NEVER' and not column_name = any($2)`,
      [table, but],
    )
    return rows.map((row) => row.name).join(', ')
  }
  const ofApp = await columns('app', ['id', 'uid'])
  const ofEndpoint = await columns('endpoint', ['id', 'app_id', 'event_types'])
  await pool.query(
    `insert into app (id, uid, ${ofApp}) select gen_random_uuid(), 'app-' || n, ${ofApp}
       from app, generate_series(1, $1) n where kind = 'app'`,
    [apps],
  )
  await pool.query(
    `insert into endpoint (id, app_id, event_types, ${ofEndpoint})
     select gen_random_uuid(), a.id,
            array[case n when 1 then 'message.received' else 'other.type-' || n end],
            ${ofEndpoint.replace(/(^|, )/g, '$1e.')}
       from endpoint e, app a, generate_series(1, ${perApp}) n where a.uid like 'app-%'`,
  )
  const seal = createSeal(keys)
  const { rows } = await pool.query<{ id: string; tenant: string }>(
    `select id, tenant_id as tenant from endpoint e
      where not exists (select from endpoint_secret s where s.endpoint_id = e.id)`,
  )
  for (let from = 0; from < rows.length; from += 5_000) {
    const some = rows.slice(from, from + 5_000).map((row) => ({ ...row, secret: randomUUID() }))
    const text = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
    await pool.query(
      `insert into endpoint_secret (id, tenant_id, endpoint_id, sealed)
       select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[])`,
      [
        some.map(({ secret }) => secret),
        some.map(({ tenant }) => tenant),
        some.map(({ id }) => id),
        some.map(({ secret }) => seal.seal(text, sealContext('endpoint_secret', secret))),
      ],
    )
  }
  await pool.query('analyze')
}

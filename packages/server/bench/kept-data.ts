import type { Kept } from './kept-history.ts'
import { showId, uuidFloor } from '../src/core/id.ts'
import { DAY_MS } from '../src/core/clock.ts'
import { dayOf, makePartitions } from '../src/db/partitions.ts'
import type { Pool } from '../src/db/pool.ts'
import { foldCounts } from '../src/upkeep/retention/store.ts'
import { keptRetention } from './kept-retention.ts'
import { type Figure, figure, percentile } from './parts/figure.ts'
import { call, type Stage } from './parts/stage.ts'
import { withSubject } from './parts/subject.ts'

const days = 10
const goalMs = 50
const otherEndpoints = 18

/**
 * Lists, filters and counts of endpoints with a long history: ten million attempts of ten days. Each figure is
 * the 99th percentile of calls of the HTTP API, one after the other, at random places of the history; and at
 * the end, a day of it goes.
 */
export async function keptData(
  stage: Stage,
  { attempts, calls, seconds }: { attempts: number; calls: number; seconds: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  return await withSubject(stage, 'kept', async ({ databaseUrl, pool, url }) => {
    const kept = await fillKept(pool, url, attempts, say)
    return [
      ...(await measureKept(url, kept, calls, say)),
      await keptRetention(stage, { databaseUrl, url, kept }, seconds, say),
    ]
  })
}

/** Makes endpoints and their history. Takes about 100 µs an attempt. */
export async function fillKept(
  pool: Pool,
  url: string,
  attempts: number,
  say: (line: string) => void,
): Promise<Kept> {
  const app = await call<{ id: string }>(url, 'POST', '/app', { name: 'kept' })
  for (let n = 0; n < otherEndpoints + 2; n++)
    await call(url, 'POST', `/app/${app.id}/endpoint`, { url: `https://example.com/${n}` })
  const { rows } = await pool.query<{ id: string; tenant_id: string; app_id: string }>(
    'select e.id, e.tenant_id, e.app_id from endpoint e order by e.id',
  )
  const [busy, dead, ...others] = rows.map(({ id }) => id) as [string, string, ...string[]]
  const toMs = Date.now() - 60_000
  const fromMs = dayOf(toMs) - (days - 1) * DAY_MS
  // With the empty days of a month: each costs the planner something.
  await makePartitions(pool, toMs - 30 * DAY_MS, toMs)
  const { tenant_id: tenantId, app_id: appId } = rows[0]!
  const kept = { tenantId, appId, endpoints: { busy, dead, others }, fromMs, toMs }
  await pool.query('set synchronous_commit = off')
  // Of 33 messages 28 are the busy endpoint's, 1 the dead one's, 4 the others'; with their attempts that is 40.
  const messages = Math.round((attempts * 33) / 40)
  const chunk = 33_000
  for (let first = 0; first < messages; first += chunk) {
    await pool.query(fillSql, [
      tenantId,
      appId,
      busy,
      dead,
      others,
      first,
      Math.min(messages, first + chunk) - 1,
      fromMs,
      (toMs - fromMs) / messages,
      toMs,
    ])
    if (Math.floor(first / chunk) % 30 === 0)
      say(
        `  ${Math.round((first / messages) * 100)} % of ${attempts.toLocaleString('en')} attempts`,
      )
  }
  await pool.query(
    /* sql */ `
    insert into endpoint_stat (
      endpoint_id, minute, shard, tenant_id, delivered, exhausted, attempts, failed_attempts, duration_ms)
    select e.id, m.minute, shard, e.tenant_id, 240, 5, 250, 10, 3000
      from endpoint e,
           generate_series(0, 1) as shard,
           generate_series(date_trunc('minute', to_timestamp($1)), to_timestamp($2), interval '1 minute') as m(minute)`,
    [fromMs / 1_000, toMs / 1_000],
  )
  for (let after: string | undefined = '00000000-0000-0000-0000-000000000000'; after; )
    after = await foldCounts(pool, 30, after, 50)
  say('  vacuuming')
  await pool.query('set statement_timeout = 0')
  await pool.query('vacuum analyze')
  return kept
}

const uuidAt = (ms: string, seed: string) =>
  `(lpad(to_hex((${ms})::bigint), 12, '0') || '7' || substr(md5(${seed}), 1, 3) || '8' ` +
  `|| substr(md5(${seed}), 4, 15))::uuid`

const fillSql = /* sql */ `
  with g as materialized (
    select n,
           n % 33 as part,
           ($8::float8 + n * $9::float8)::bigint as ms,
           ${uuidAt('$8::float8 + n * $9::float8', `'m' || n`)} as id,
           case when n % 33 < 28 then $3::uuid
                when n % 33 = 28 then $4::uuid
                else ($5::uuid[])[1 + n % ${otherEndpoints}] end as endpoint_id,
           case when n % 100003 = 7 then 'rare.type'
                when n % 20 < 10 then 'message.received'
                else 'message.kind' || n % 10 end as event_type,
           case when n % 50021 = 3 then '{quiet}' when n % 10 = 4 then '{loud}' end::text[] as channels,
           case when n % 50023 = 5 then '{unusual,more}' when n % 10 = 5 then '{common}' end::text[] as tags,
           -- The dead endpoint took a message now and then; the others refuse one in forty, in several ways.
           case when n % 33 = 28 then n % 15013 = 28 else n % 41 <> 0 end as good
      from generate_series($6::bigint, $7::bigint) as n
  ),
  m as (
    insert into message (
      id, tenant_id, app_id, event_type, channels, tags, payload, payload_bytes, priority, created_at)
    select id, $1, $2, event_type, channels, tags, '{"n":' || n || '}', 12, 1, to_timestamp(ms / 1000.0)
      from g
  ),
  t as (
    select g.*,
           number,
           least(ms + 20 + (number - 1) * 3600000, $10::bigint - 1) as at_ms,
           number = case when part = 28 then 8 else 1 end as last,
           good and number = case when part = 28 then 8 else 1 end as delivered,
           (array[503, 503, 503, 500, 0, 404, 503, 503])[1 + (n / 41 + number) % 8] as code
      from g
     cross join lateral generate_series(1, case when part = 28 then 8 else 1 end) as number
  ),
  a as (
    insert into attempt (
      id, tenant_id, app_id, endpoint_id, message_id, delivery_id, number,
      outcome, status_code, response, duration_ms, trigger, url,
      event_type, channels, tags, created_at, closes)
    select ${uuidAt('at_ms', `'a' || n || '.' || number`)}, $1, $2, endpoint_id, id,
           ${uuidAt('ms', `'d' || n`)}, number,
           case when delivered then 'delivered' else 'refused' end,
           case when delivered then 200 else code end,
           'the answer of the receiver', 12, 0, 'https://example.com/webhook',
           event_type, channels, tags, to_timestamp(at_ms / 1000.0),
           case when delivered then 'delivered' when last then 'exhausted' end
      from t
    returning id, endpoint_id, message_id, channels, tags
  )
  insert into attempt_label (endpoint_id, label, id, message_id, tenant_id)
  select endpoint_id, label, a.id, message_id, $1
    from a
   cross join lateral (select 'c:' || unnest(channels) union all select 't:' || unnest(tags)) as l(label)`

interface Measured {
  name: string
  /** The path of one call. */
  path: () => string
  /** Items that an answer has at least. */
  atLeast?: number
}

export async function measureKept(
  url: string,
  kept: Kept,
  calls: number,
  say: (line: string) => void,
): Promise<Figure[]> {
  const { fromMs, toMs, endpoints } = kept
  const app = `/app/${showId('app', kept.appId)}`
  const busy = showId('endpoint', endpoints.busy)
  const dead = showId('endpoint', endpoints.dead)
  const sometime = () => fromMs + Math.random() * (toMs - fromMs)
  const other = () =>
    showId('endpoint', endpoints.others[Math.floor(Math.random() * endpoints.others.length)]!)
  const time = (ms: number) => encodeURIComponent(new Date(ms).toISOString())
  const attempts = (endpoint: string, query = '') => `${app}/attempt/endpoint/${endpoint}?${query}`
  const messages = (endpoint: string, query = '') => `${app}/endpoint/${endpoint}/msg?${query}`
  const deep = (kind: 'attempt' | 'message') => `iterator=${showId(kind, uuidFloor(sometime()))}`
  const ids: string[] = []
  for (let n = 0; n < 50; n++) {
    const page = await ask<{ data: { id: string }[] }>(
      url,
      messages(n % 5 === 0 ? dead : busy, `limit=20&${deep('message')}`),
    )
    ids.push(...page.data.map(({ id }) => id))
  }
  const someMessage = () => ids[Math.floor(Math.random() * ids.length)]!
  const span = () => {
    const after = fromMs + Math.random() * (toMs - fromMs - 7_200_000)
    return `after=${time(after)}&before=${time(after + 3_600_000)}`
  }
  const measured: Measured[] = [
    { name: 'attempts, first page', path: () => attempts(busy), atLeast: 50 },
    { name: 'attempts, first page, of others', path: () => attempts(other()), atLeast: 50 },
    { name: 'attempts, deep page', path: () => attempts(busy, deep('attempt')), atLeast: 1 },
    { name: 'attempts, 250 a page', path: () => attempts(busy, `limit=250&${deep('attempt')}`) },
    { name: 'attempts, an hour', path: () => attempts(busy, span()), atLeast: 50 },
    { name: 'attempts, success', path: () => attempts(busy, `status=0&${deep('attempt')}`) },
    { name: 'attempts, success, of the dead', path: () => attempts(dead, 'status=0'), atLeast: 1 },
    { name: 'attempts, fail', path: () => attempts(busy, `status=2&${deep('attempt')}`) },
    { name: 'attempts, fail, of the dead', path: () => attempts(dead, `status=2`), atLeast: 50 },
    {
      name: 'attempts, frequent type',
      path: () => attempts(busy, `event_types=message.received&${deep('attempt')}`),
    },
    {
      name: 'attempts, rare type',
      path: () => attempts(busy, 'event_types=rare.type'),
      atLeast: 1,
    },
    {
      name: 'attempts, two types, fail',
      path: () => attempts(busy, 'event_types=rare.type,message.received&status=2'),
      atLeast: 1,
    },
    { name: 'attempts, unknown type', path: () => attempts(busy, 'event_types=none') },
    {
      name: 'attempts, class 500',
      path: () => attempts(busy, `status_code_class=500&${deep('attempt')}`),
    },
    {
      name: 'attempts, class 400, of the dead',
      path: () => attempts(dead, 'status_code_class=400'),
    },
    { name: 'attempts, class 300', path: () => attempts(busy, 'status_code_class=300') },
    {
      name: 'attempts, frequent channel',
      path: () => attempts(busy, `channel=loud&${deep('attempt')}`),
    },
    { name: 'attempts, rare channel', path: () => attempts(busy, 'channel=quiet'), atLeast: 1 },
    { name: 'attempts, frequent tag', path: () => attempts(busy, `tag=common&${deep('attempt')}`) },
    { name: 'attempts, rare tag', path: () => attempts(busy, 'tag=unusual'), atLeast: 1 },
    { name: 'attempts, unknown tag', path: () => attempts(busy, 'tag=none') },
    {
      name: 'attempts of a message',
      path: () => `${app}/attempt/msg/${someMessage()}`,
      atLeast: 1,
    },
    { name: 'messages of an endpoint', path: () => messages(busy), atLeast: 50 },
    { name: 'messages, deep page', path: () => messages(busy, deep('message')) },
    { name: 'messages, success', path: () => messages(busy, `status=0&${deep('message')}`) },
    { name: 'messages, success, of the dead', path: () => messages(dead, 'status=0'), atLeast: 1 },
    { name: 'messages, fail', path: () => messages(busy, `status=2&${deep('message')}`) },
    { name: 'messages, fail, of the dead', path: () => messages(dead, 'status=2'), atLeast: 50 },
    { name: 'messages, pending', path: () => messages(busy, 'status=1') },
    { name: 'stats, 28 days', path: () => `${app}/endpoint/${busy}/stats` },
    {
      name: 'stats, a day',
      path: () => {
        const since = sometime() - DAY_MS
        return `${app}/endpoint/${busy}/stats?since=${time(since)}&until=${time(since + DAY_MS)}`
      },
    },
  ]
  const figures: Figure[] = []
  for (const one of measured) figures.push(await measure(url, one, calls, say))
  return figures
}

async function measure(
  url: string,
  { name, path, atLeast = 0 }: Measured,
  calls: number,
  say: (line: string) => void,
): Promise<Figure> {
  const took: number[] = []
  for (let n = -10; n < calls; n++) {
    const asked = path()
    const startedAt = performance.now()
    const answer = await ask<{ data?: unknown[] }>(url, asked)
    if (n >= 0) took.push(performance.now() - startedAt)
    if ((answer.data?.length ?? 0) < atLeast)
      throw new Error(`${asked} answered ${answer.data?.length} items, not ${atLeast}`)
  }
  took.sort((a, b) => a - b)
  const [p50, p99] = [percentile(took, 0.5), percentile(took, 0.99)]
  say(`  ${name.padEnd(36)} p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`)
  const detail = `p50 ${p50.toFixed(1)}, ${calls} calls`
  return figure(`kept data: ${name}, p99`, p99, `≤ ${goalMs} ms`, detail)
}

async function ask<T>(url: string, path: string): Promise<T> {
  return await call<T>(url, 'GET', path)
}

// node packages/dashboard/bench/kept.ts [--messages 1000000] [--calls 200] [--opened 10]
// How long the dashboard takes when so many messages are kept: every page is opened in Chromium with nothing cached,
// until it shows its first figures or rows; then each request that the pages made is repeated, one call after the
// other: by the clock, and as time that Pombo and PostgreSQL had a core, which no other program's load changes. Takes
// some minutes for a million, and ends by itself. Figures stand in docs/performance.md.
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { type Browser, chromium } from 'playwright-core'
import { fillKept } from '../../server/bench/kept-data.ts'
import type { Kept } from '../../server/bench/kept-history.ts'
import { startPart } from '../../server/bench/parts/child.ts'
import { openDatabaseMeter } from '../../server/bench/parts/postgres.ts'
import { apiKey, openStage } from '../../server/bench/parts/stage.ts'
import { showId } from '../../server/src/core/id.ts'
import { openPool, type Pool } from '../../server/src/db/pool.ts'
import { findChromium } from '../test/support/browser-setup.ts'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    calls: { type: 'string', default: '200' },
    opened: { type: 'string', default: '10' },
  },
})
const [messages, calls] = [Number(values.messages), Number(values.calls)]
if (!(Number.isInteger(messages) && messages >= 10_000 && Number.isInteger(calls) && calls >= 10)) {
  console.error('--messages takes a whole number from 10000, --calls one from 10.')
  process.exit(2)
}
const opened = Math.max(1, Number(values.opened))
const say = (line: string): void => console.error(line)
const stage = await openStage(say)
const browser = await chromium.launch({ executablePath: findChromium() })
try {
  const databaseUrl = await stage.database('dashboard')
  const pombo = await startPart('pombo.ts', { databaseUrl, dataDir: stage.dataDir, apiKey })
  const pool = openPool(databaseUrl, 1, 'bench')
  try {
    const url = await pombo.ask<string>('url')
    // Forty attempts belong to 33 messages.
    const kept = await fillKept(pool, url, Math.round((messages * 40) / 33), say)
    await countTraffic(pool)
    const { rows } = await pool.query<{ count: string }>('select count(*) from message')
    say(
      `${Number(rows[0]!.count).toLocaleString('en')} messages, ${stage.server}, ${cpus()[0]!.model}`,
    )
    const requests = await openPages(browser, url, await pagesOf(pool, kept))
    const meter = await openDatabaseMeter(pool)
    await repeat(url, requests, async () => {
      const { cpuMs } = await pombo.ask<{ cpuMs: number }>('usage')
      const used = (await meter.look()).cpuMs ?? new Map<number, number>()
      return cpuMs + used.values().reduce((sum, ms) => sum + ms, 0)
    })
    say(
      `load average ${loadavg()
        .map((one) => one.toFixed(1))
        .join(', ')}`,
    )
  } finally {
    await pool.end()
    await pombo.stop()
  }
} finally {
  await browser.close()
  await stage.close()
}

/** What nodes would have counted meanwhile: by minute, hour and day, for each endpoint, app and all; and failures. */
async function countTraffic(pool: Pool): Promise<void> {
  const buckets = ['a', 'd'].flatMap((kind) => Array.from({ length: 22 }, (_, at) => kind + at))
  const filled = buckets.map((name) => (name === 'a8' || name === 'd8' ? 'count(*)' : '0'))
  const nil = `'00000000-0000-0000-0000-000000000000'::uuid`
  for (const [grain, unit] of ['minute', 'hour', 'day'].entries())
    for (const [app, endpoint] of [
      ['app_id', 'endpoint_id'],
      ['app_id', nil],
      [nil, nil],
    ])
      await pool.query(
        `insert into traffic (tenant_id, app_id, grain, endpoint_id, event_type, at, messages,
           delivered, exhausted, discarded, attempts, failed_attempts, ${buckets.join(', ')})
         select tenant_id, ${app}, ${grain}, ${endpoint}, '', date_trunc('${unit}', created_at),
           count(distinct message_id),
           count(*) filter (where closes = 'delivered'),
           count(*) filter (where closes = 'exhausted'), 0, count(*),
           count(*) filter (where outcome <> 'delivered'), ${filled.join(', ')}
         from attempt group by 1, 2, 4, 6`,
      )
  await pool.query(
    `insert into failure (tenant_id, endpoint_id, hour, cause, app_id, count, given_up,
       first_at, last_at, message_id, attempt_id)
     select tenant_id, endpoint_id, date_trunc('hour', created_at), 'refused.' || status_code,
       app_id, count(*), count(*) filter (where closes = 'exhausted'), min(created_at), max(created_at),
       (array_agg(message_id))[1], (array_agg(id))[1]
     from attempt where outcome <> 'delivered' group by 1, 2, 3, 4, 5`,
  )
  await pool.query('vacuum analyze')
}

async function pagesOf(pool: Pool, kept: Kept): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    'select message_id as id from attempt where endpoint_id = $1 order by id desc limit 1',
    [kept.endpoints.dead],
  )
  const app = showId('app', kept.appId)
  const busy = showId('endpoint', kept.endpoints.busy)
  const dead = showId('endpoint', kept.endpoints.dead)
  return [
    '/overview?span=1h',
    '/overview?span=30d',
    '/messages',
    `/messages?app=${app}&type=rare.type`,
    `/messages?app=${app}&channel=quiet`,
    `/messages/${app}/${showId('message', rows[0]!.id)}`,
    '/failed?span=24h',
    '/failed?span=30d&group=cause',
    `/failed?span=30d&endpoint=${dead}`,
    '/endpoints',
    `/endpoints/${app}/${busy}`,
    `/endpoints/${app}/${dead}`,
    '/event-types',
    '/apps',
    '/audit',
  ]
}

/** Gives back the requests that the pages made for what they show. */
async function openPages(browser: Browser, url: string, pages: string[]): Promise<string[]> {
  const requests = new Set<string>()
  for (const path of pages) {
    const took: number[] = []
    for (let n = 0; n < opened; n++) {
      const context = await browser.newContext({ baseURL: url })
      await context.request.post('/api/v1/auth/session', { data: { token: apiKey } })
      const page = await context.newPage()
      page.on('request', (request) => {
        const { pathname, search } = new URL(request.url())
        const isList = request.method() === 'GET' && pathname.startsWith('/api/v1/')
        if (isList && !/\/(stream|auth\/session|doctor)$/.test(pathname))
          requests.add(pathname + search)
      })
      const startedAt = performance.now()
      await page.goto(path, { waitUntil: 'commit' })
      await page.locator('main :is(tbody tr, dd, li, h3)').first().waitFor()
      took.push(performance.now() - startedAt)
      // What it asks for after that belongs to it too.
      if (n === 0) await page.waitForTimeout(1_500)
      await context.close()
    }
    took.sort((a, b) => a - b)
    console.log(
      `| ${path.replaceAll(/(app|ep|msg)_\w+/g, '…')} | ${ms(took[Math.floor(opened / 2)]!)} | ${ms(took.at(-1)!)} |`,
    )
  }
  return [...requests]
}

/** `coreMs`: how long the two have had a core so far. */
async function repeat(url: string, paths: string[], coreMs: () => Promise<number>): Promise<void> {
  for (const path of paths.toSorted()) {
    const took: number[] = []
    const worked: number[] = []
    for (let n = -5; n < calls; n++) {
      const before = await coreMs()
      const startedAt = performance.now()
      const answer = await fetch(url + path, { headers: { authorization: `Bearer ${apiKey}` } })
      await answer.text()
      if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
      const tookMs = performance.now() - startedAt
      const workedMs = (await coreMs()) - before
      if (n < 0) continue
      took.push(tookMs)
      worked.push(workedMs)
    }
    const shown = decodeURIComponent(path).replaceAll(/(app|ep|msg)_\w+/g, '…')
    console.log(
      `| ${shown} | ${[took, worked].flatMap((all) => [ms(at(all, 0.5)), ms(at(all, 0.99))]).join(' | ')} |`,
    )
  }
}

function at(all: number[], share: number): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length * share)]!
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`
}

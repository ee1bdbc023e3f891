// The rules and the dashboard's queries, asked of a real Prometheus that scrapes a real Pombo.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { dashboard } from '../../../../scripts/dashboards.mjs'
import { freePort } from '../support/free-port.ts'
import { type TestPombo, startPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

const run = promisify(execFile)
const deploy = join(import.meta.dirname, '../../../../deploy/prometheus')
const has = await run('promtool', ['--version']).then(
  () => true,
  () => false,
)
let folder: string
let pombo: TestPombo
let receiver: Receiver
let prometheus: ChildProcess
let api: string

beforeAll(async () => {
  if (!has) return
  folder = await mkdtemp(join(tmpdir(), 'pombo-prometheus-'))
  receiver = await startReceiver(({ path }) => (path === '/bad' ? { status: 500 } : {}))
  pombo = await startPombo()
  await post('/app', { name: 'a', uid: 'a' })
  for (const path of ['/good', '/bad'])
    await post('/app/a/endpoint', { url: new URL(path, receiver.url).href })
  prometheus = await startPrometheus()
  await send(5)
  await receiver.waitFor(10)
})
afterAll(async () => {
  if (!has) return
  prometheus?.kill()
  if (prometheus?.exitCode === null) await once(prometheus, 'exit')
  await pombo?.stop()
  await receiver?.close()
  await rm(folder, { recursive: true, force: true })
})
beforeEach((context) => {
  const reason = 'Prometheus is not installed (apt-get install prometheus); no rule was tried on it'
  if (!has && process.env['CI'] === 'true') throw new Error(reason)
  if (!has) context.skip(reason)
})

async function post(path: string, body: object): Promise<void> {
  const headers = { authorization: `Bearer ${pombo.key}` }
  const { status, text } = await pombo.call('POST', `/api/v1${path}`, { body, headers })
  if (status >= 300) throw new Error(text)
}

async function send(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await post('/app/a/msg', { eventType: 'a.b', payload: { n } })
}

async function startPrometheus(): Promise<ChildProcess> {
  const config = join(folder, 'prometheus.yml')
  const target = new URL(pombo.url).host
  await writeFile(
    config,
    JSON.stringify({
      global: { scrape_interval: '500ms', evaluation_interval: '500ms' },
      rule_files: [join(deploy, 'recordings.yml'), join(deploy, 'alerts.yml')],
      scrape_configs: [{ job_name: 'pombo', static_configs: [{ targets: [target] }] }],
    }),
  )
  const port = await freePort()
  api = `http://127.0.0.1:${port}/api/v1`
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { cwd: folder, stdio: 'ignore' },
  )
  await until(async () => ((await seriesOf('up == 1')).length > 0 ? true : undefined))
  return child
}

async function seriesOf(query: string): Promise<unknown[]> {
  const url = `${api}/query?${new URLSearchParams({ query }).toString()}`
  const response = await fetch(url).catch(() => undefined)
  // Not there yet, or still reading its files.
  if (response === undefined || response.status === 503) return []
  const { status, error, data } = (await response.json()) as {
    status: string
    error?: string
    data?: { result: unknown[] }
  }
  if (status !== 'success') throw new Error(`${query}: ${error}`)
  return data!.result
}

test('promtool finds nothing wrong with the rules, their tests, and what Pombo says of itself', async () => {
  await run('promtool', ['check', 'rules', 'recordings.yml', 'alerts.yml'], { cwd: deploy })
  await run('promtool', ['test', 'rules', 'tests.yml'], { cwd: deploy })
  const checked = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'ignore', 'pipe'] })
  let said = ''
  checked.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  checked.stdin.end((await pombo.call('GET', '/metrics')).text)
  await once(checked, 'close')
  expect(said).toBe('')
})

test('each panel of the dashboard and each recording rule finds figures', async () => {
  const { groups } = parse(await readFile(join(deploy, 'recordings.yml'), 'utf8')) as {
    groups: { rules: { record: string; expr: string }[] }[]
  }
  const recorded = groups.flatMap(({ rules }) => rules.map(({ record }) => record))
  const panels = dashboard().panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  for (const query of [...recorded, ...panels]) {
    const asked = query.replaceAll('$job', '.+').replaceAll('$__rate_interval', '20s')
    // A rate needs two scrapes after something was counted.
    const found = await until(async () => {
      const series = await seriesOf(asked)
      if (series.length === 0) await send(1)
      return series.length > 0 ? series : undefined
    }, 20_000).catch(() => [])
    expect(found, asked).not.toEqual([])
  }
})

test('each alert is a question that Prometheus understands, and a Pombo at work raises none that pages', async () => {
  const { groups } = parse(await readFile(join(deploy, 'alerts.yml'), 'utf8')) as {
    groups: { rules: { alert: string; expr: string; labels: { severity: string } }[] }[]
  }
  for (const { alert, expr, labels } of groups.flatMap(({ rules }) => rules)) {
    const series = await seriesOf(expr)
    if (labels.severity === 'page') expect(series, alert).toEqual([])
  }
})

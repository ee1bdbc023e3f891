// npm run conformance [-- --only 1.64.1,2.5.0] [--json] [--write]
// Walks releases of the official Svix client, unchanged, through everything they can do against a Pombo that it starts.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createProbe } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Client, call, has, methodsOf, openClient, versions } from './clients.ts'
import { markdown, type Table, writePages } from './pages.ts'
import { type Step, stepDeadlineMs, steps, type Walk } from './steps.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(`npm run conformance -- [--only ${versions.join(',')}] [--json] [--write]

Installs releases of the official Svix client into node_modules/.cache, starts a Pombo with its embedded database on
a port of its own, and walks each client through everything it can do. Ends non-zero when a step fails.
--write puts the table into docs/reference.`)
  process.exit(0)
}

interface Result {
  version: string
  method: string
  /** `absent`: Pombo answers 501 and says what it does not have. */
  outcome: 'ok' | 'absent' | 'failed'
  detail: string
}

/** An id, and a body whose lists are empty. */
const anything = Object.assign(Object('x') as object, { events: [] })

const wanted = values.only?.split(',') ?? versions
const receiver = await startReceiver()
const pombo = await startPombo()
const results: Result[] = []
try {
  for (const version of wanted) {
    const client = await openClient(version, pombo.url, pombo.key)
    results.push(...(await walkThrough(version, client)))
  }
} finally {
  await pombo.stop()
  receiver.close()
}
print()
process.exit(results.some(({ outcome }) => outcome === 'failed') ? 1 : 0)

async function walkThrough(version: string, client: Client): Promise<Result[]> {
  const walk: Walk = {
    receiver,
    task: '',
    operational: '',
    portal: '',
    app: '',
    endpoint: '',
    message: '',
    attempt: '',
    poller: '',
    integration: '',
    token: '',
    mark: version.replaceAll('.', '-'),
    ask,
    async until(what, ask) {
      const end = performance.now() + stepDeadlineMs
      for (;;) {
        const answer = await ask()
        if (answer !== undefined) return answer
        if (performance.now() > end) throw new Error(`${what} did not come`)
        await sleep(50)
      }
    },
  }
  const found: Result[] = []
  for (const step of steps) {
    const method = step.methods.find((name) => has(client, name))
    if (method === undefined) continue
    const caller = step.inPortal ? await openClient(version, pombo.url, walk.portal) : client
    found.push(await take(version, caller, method, step, walk))
  }
  const walked = new Set(steps.flatMap(({ methods }) => methods))
  for (const method of methodsOf(client))
    if (!walked.has(method)) found.push(await refused(version, client, method))
  return found
}

/** Whatever is not walked has to be answered with 501, and in words. */
async function refused(version: string, client: Client, method: string): Promise<Result> {
  const one: Result = { version, method: rowOf(method), outcome: 'failed', detail: method }
  try {
    await call(client, method, ...Array<unknown>(5).fill(anything))
    return { ...one, detail: `${method} is not walked, and does not answer 501` }
  } catch (error) {
    const { code, body, message } = error as { code?: number; body?: unknown; message: string }
    const said = (typeof body === 'string' ? body : JSON.stringify(body)) ?? ''
    if (code !== 501 || !/"detail":"[^"]+ /.test(said))
      return { ...one, detail: `${method}: ${message} ${said}` }
    return { ...one, outcome: 'absent' }
  }
}

/** Groups of which nothing is offered are one row. */
function rowOf(method: string): string {
  const group = method.split('.')[0]!
  const offered = steps.some(({ methods }) => methods.some((name) => name.startsWith(`${group}.`)))
  return offered ? method : `${group}.*`
}

async function ask(method: string, path: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(pombo.url + path, {
    method,
    headers: { authorization: `Bearer ${pombo.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`)
  return (await response.json()) as Record<string, unknown>
}

async function take(
  version: string,
  client: Client,
  method: string,
  step: Step,
  walk: Walk,
): Promise<Result> {
  try {
    await step.run((...args) => call(client, method, ...args) as never, walk)
    return { version, method, outcome: 'ok', detail: '' }
  } catch (error) {
    const { code, body, message } = error as { code?: number; body?: unknown; message: string }
    const detail = `${message} ${body === undefined ? '' : JSON.stringify(body)}`.trim()
    return { version, method, outcome: code === 501 ? 'absent' : 'failed', detail }
  }
}

function print(): void {
  if (values.json) return console.log(JSON.stringify(results, null, 2))
  const table: Table = {
    versions: wanted,
    rows: [...new Set(results.map(({ method }) => method))].map((method) => ({
      method,
      cells: wanted.map((version) => {
        const of = results.filter((one) => one.version === version && one.method === method)
        return (of.find(({ outcome }) => outcome !== 'ok') ?? of[0])?.outcome
      }),
    })),
  }
  const failed = results.filter(({ outcome }) => outcome === 'failed')
  for (const { version, method, detail } of failed)
    console.error(`${version} ${method}: ${detail.slice(0, 400)}`)
  if (values.write && failed.length === 0) writePages(table, new Date().toISOString().slice(0, 10))
  else console.log(`\n${markdown(table)}`)
}

async function startReceiver() {
  const got: Walk['receiver']['got'] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      got.push({ path: request.url ?? '', headers: request.headers, body })
      response.end('ok')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, got, close: () => void server.close() }
}

async function startPombo() {
  const dataDir = await mkdtemp(join(tmpdir(), 'pombo-conformance-'))
  const port = await freePort()
  const key = `pombo_${'c'.repeat(40)}`
  const main = join(import.meta.dirname, '../src/main.ts')
  const child = spawn(process.execPath, [main, 'serve'], {
    env: {
      ...process.env,
      POMBO_LISTEN: `127.0.0.1:${port}`,
      POMBO_DATA_DIR: dataDir,
      POMBO_API_KEY: key,
      POMBO_ALLOW_SUBNETS: '127.0.0.0/8',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; ; tries++) {
    const healthy = await fetch(`${url}/api/v1/health`).catch(() => undefined)
    if (healthy?.ok) break
    if (child.exitCode !== null || tries > 300) throw new Error('Pombo did not start')
    await sleep(100)
  }
  return {
    url,
    key,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createProbe()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

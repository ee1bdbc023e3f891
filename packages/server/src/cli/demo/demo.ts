import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type App, startApp } from '../../app.ts'
import type { Config } from '../../config.ts'
import { integer, listenAddress, text } from '../../core/setting-kinds.ts'
import { openLog } from '../../observe/log.ts'
import { addressProblem } from '../address.ts'
import { command, exitCodes, flag, option } from '../command.ts'
import { configOption, withConfig } from '../config-loading.ts'
import { openApi, type PomboApi } from '../pombo-api.ts'
import { untilSignal } from '../signals.ts'
import { conversation } from './events.ts'
import type { Progress } from './progress.ts'
import { type DemoReceiver, readCircuits, startReceivers } from './receivers.ts'
import { openScreen, progressTable, type Screen } from './screen.ts'
import { type Sent, sendStream } from './stream.ts'

const SETTLE_MS = 20_000
const PAINT_MS = 250

export const demoCommand = command({
  name: 'demo',
  summary: 'Start everything, send events, watch them being delivered',
  about: `Starts Pombo on an embedded database in a temporary folder (or --data-dir), with three receivers on this machine: one that is good,
one that fails, hangs and resets now and then, and one that is down for the first seconds. It makes an app with an endpoint for each, sends a stream
of WhatsApp events, and shows how they arrive. Afterwards the server stays up, with its address and key, until Ctrl-C.`,
  options: {
    count: option(integer(1, 1_000_000), 'number', 'Events to send', 200),
    rate: option(integer(1, 5_000, 'a second'), 'number', 'Events a second', 40),
    listen: option(
      listenAddress(),
      'host:port',
      'Address of the server; a free port if it is taken',
      { host: '127.0.0.1', port: 8071 },
    ),
    'data-dir': option(
      text('a path', './demo-data'),
      'path',
      'Keep the database here instead of in a temporary folder',
    ),
    seed: option(
      integer(0, 4_294_967_295),
      'number',
      'Makes the same events and the same failures again',
      1,
    ),
    exit: flag('End when all is delivered, with a summary'),
    config: configOption,
  },
  examples: [
    ['pombo demo', 'Watch it; then try the API of the server that stays up'],
    ['pombo demo --exit', 'As a test: exit code 0 if every event arrived at every receiver'],
    ['pombo demo --count 5000 --rate 500', 'A bit more of it'],
  ],
  exits:
    '0 all delivered (or stopped by Ctrl-C), 1 something was not, 2 wrong options or configuration',
  async run(values) {
    const dataDir = values['data-dir'] ?? (await mkdtemp(join(tmpdir(), 'pombo-demo-')))
    try {
      return await withConfig(
        { file: values.config, overrides: { POMBO_DATA_DIR: dataDir, DATABASE_URL: '' } },
        async (configured) => {
          // What the demo needs, whatever the server is configured for otherwise: receivers on this machine, and a key that it knows.
          const config: Config = {
            ...configured,
            listen: values.listen,
            allowSubnets: [...configured.allowSubnets, '127.0.0.0/8'],
            httpsOnly: false,
            apiKey: configured.apiKey ?? `demo_${randomBytes(18).toString('base64url')}`,
          }
          return await runDemo(config, values)
        },
      )
    } finally {
      if (values['data-dir'] === undefined) await rm(dataDir, { recursive: true, force: true })
    }
  },
})

interface DemoOptions {
  count: number
  rate: number
  seed: number
  exit: boolean
}

async function runDemo(config: Config, options: DemoOptions): Promise<number> {
  const screen = openScreen(process.stdout)
  const { signalled, release } = untilSignal(() => process.exit(130))
  const stop = new AbortController()
  void signalled.then(() => stop.abort(new Error('Stopped before it had started.')))
  const startedAt = performance.now()
  const app = await startServer(config, screen, stop.signal)
  try {
    screen.say(
      `Pombo listens at ${app.url} (${app.database}), up in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s.`,
    )
    const api = openApi(app.url, config.apiKey!)
    const made = await api.must<{ id: string }>('POST', '/app', { name: 'Loja Centro (demo)' })
    const appPath = `/app/${made.id}`
    const { receivers, close } = await startReceivers(api, appPath, options.seed)
    try {
      const code = await deliverAll(api, appPath, receivers, options, screen, stop.signal)
      if (options.exit || stop.signal.aborted) return code
      screen.say(invitation(app.url, config.apiKey!, made.id))
      await signalled
      return exitCodes.ok
    } finally {
      await close()
    }
  } finally {
    screen.say('Stopping.')
    await app.stop()
    release()
  }
}

async function startServer(config: Config, screen: Screen, signal: AbortSignal): Promise<App> {
  // Attempts are in the table; only trouble is worth a line of its own.
  const level = config.logLevel === 'info' ? 'warn' : config.logLevel
  const log = openLog({ level, format: 'line', write: (line) => screen.say(line.trimEnd()) })
  const taken = await addressProblem(config.listen, '--listen')
  if (taken !== undefined) screen.say(`Port ${config.listen.port} is taken; taking a free one.`)
  const listen = taken === undefined ? config.listen : { ...config.listen, port: 0 }
  return await startApp(
    { ...config, listen },
    { progress: (message) => screen.say(message), log, signal },
  )
}

/** Sends the stream and waits until it has arrived everywhere; answers the exit code. */
async function deliverAll(
  api: PomboApi,
  appPath: string,
  receivers: readonly DemoReceiver[],
  { count, rate, seed }: DemoOptions,
  screen: Screen,
  stop: AbortSignal,
): Promise<number> {
  const trackers = receivers.map(({ tracker }) => tracker)
  const startedAt = performance.now()
  const progress = () => trackers.map((tracker) => tracker.progress)
  const paint = (): void =>
    screen.show(
      progress(),
      `${count} events, ${rate} a second; ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`,
    )
  const painting = setInterval(() => {
    void readCircuits(api, receivers).then(paint)
  }, PAINT_MS)
  const sending = sendStream(api, appPath, conversation(seed, Date.now), {
    count,
    rate,
    trackers,
    stop,
  })
  const sent = await sending
  const deadline = performance.now() + SETTLE_MS
  const allArrived = () => progress().every((one) => one.delivered >= one.sent)
  while (!allArrived() && !stop.aborted && performance.now() < deadline) await sleep(50)
  clearInterval(painting)
  await readCircuits(api, receivers)
  const final = progress()
  screen.say('')
  for (const line of progressTable(final)) screen.say(line)
  screen.say('')
  const good =
    allArrived() && sent.refused === 0 && final.every(({ badSignatures }) => badSignatures === 0)
  screen.say(
    verdict({ good, stopped: stop.aborted, sent, final, tookMs: performance.now() - startedAt }),
  )
  return good ? exitCodes.ok : exitCodes.failed
}

function verdict(outcome: {
  good: boolean
  stopped: boolean
  sent: Sent
  final: readonly Progress[]
  tookMs: number
}): string {
  const { good, stopped, sent, final, tookMs } = outcome
  const deliveries = final.reduce((sum, { delivered }) => sum + delivered, 0)
  const attempts = final.reduce((sum, one) => sum + one.attempts, 0)
  const repeats = final.reduce((sum, one) => sum + one.repeats, 0)
  const seconds = (tookMs / 1_000).toFixed(1)
  const counts = `${sent.accepted} events, ${deliveries} deliveries in ${attempts} attempts, ${repeats} repeated, ${seconds} s`
  if (good) return `Every event arrived at every receiver: ${counts}.`
  if (stopped) return `Stopped: ${counts}.`
  const wrong = final.flatMap(({ name, sent: expected, delivered, badSignatures }) => [
    ...(delivered < expected ? [`"${name}" lacks ${expected - delivered} of ${expected}`] : []),
    ...(badSignatures > 0 ? [`"${name}" got ${badSignatures} bad signatures`] : []),
  ])
  if (sent.refused > 0) wrong.push(`${sent.refused} events were not accepted`)
  return `Not everything arrived: ${wrong.join(', ')} (${counts}).`
}

function invitation(url: string, apiKey: string, appId: string): string {
  return `
The server stays up until Ctrl-C.
  API:  ${url}/api/v1
  Key:  ${apiKey}
  App:  ${appId}

Send an event of your own:
  curl ${url}/api/v1/app/${appId}/msg -H 'authorization: Bearer ${apiKey}' -H 'content-type: application/json' \\
    -d '{"eventType": "message.received", "payload": {"text": "Olá!"}}'
`
}

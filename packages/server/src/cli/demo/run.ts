import { setTimeout as sleep } from 'node:timers/promises'
import { type App, startApp } from '../../app.ts'
import type { Config, ConfigEntry } from '../../config/config.ts'
import { openLog } from '../../observe/log.ts'
import { addressProblem } from '../address.ts'
import { exitCodes } from '../command.ts'
import { secondsSince } from '../output.ts'
import { openApi, type PomboApi } from '../pombo-api.ts'
import type { Progress } from './progress.ts'
import { readCircuits, type Receivers } from './receivers.ts'
import { progressTable, type Screen } from './screen.ts'
import type { Place, Script, SetUp } from './script.ts'
import { type Sent, sendStream } from './stream.ts'
import type { Traffic } from './traffic.ts'

/** Without any arrival for so long, nothing more is waited for. */
const SETTLE_MS = 20_000
const PAINT_MS = 250
const READING_SHOWN = 400

interface DemoOptions {
  count: number
  rate: number
  exit: boolean
}

interface Demo {
  script: Script
  place: Place
  receivers: Receivers
  screen: Screen
  traffic: Traffic
  signalled: Promise<unknown>
  settings: readonly ConfigEntry[]
}

/** Answers the exit code. */
export async function runDemo(config: Config, options: DemoOptions, demo: Demo): Promise<number> {
  const { script, place, receivers, screen, traffic, signalled, settings } = demo
  const stop = new AbortController()
  void signalled.then(() => stop.abort(new Error('Stopped before it had started.')))
  const startedAt = performance.now()
  const app = await startServer(config, settings, screen, stop.signal)
  try {
    screen.say(`Pombo listens at ${app.url} (${app.database}), up in ${secondsSince(startedAt)} s.`)
    const api = openApi(app.url, config.apiKey!, script.face)
    const native = openApi(app.url, config.apiKey!)
    const setUp = await script.setUp(told(api, traffic), place)
    for (const { name, settings } of script.roles)
      await native.must('PATCH', setUp.endpoints[name]!.path, settings)
    receivers.begin(setUp.endpoints)
    const code = await deliverAll({ ...demo, ...options, api, native, setUp, stop: stop.signal })
    const invitation = setUp.invitation?.(config.apiKey!)
    if (options.exit || invitation === undefined || stop.signal.aborted) return code
    screen.say(invitation)
    await signalled
    return exitCodes.ok
  } finally {
    screen.say('Stopping.')
    await app.stop()
  }
}

async function startServer(
  config: Config,
  settings: readonly ConfigEntry[],
  screen: Screen,
  signal: AbortSignal,
): Promise<App> {
  // Attempts are in the table; only trouble is worth a line of its own.
  const level = config.logLevel === 'info' ? 'warn' : config.logLevel
  const log = openLog({ level, format: 'line', write: (line) => screen.say(line.trimEnd()) })
  const taken = await addressProblem(config.listen, '--listen')
  let { listen } = config
  if (taken !== undefined && 'port' in listen) {
    screen.say(`Port ${listen.port} is taken; taking a free one.`)
    listen = { ...listen, port: 0 }
  }
  return await startApp(
    { ...config, listen },
    { progress: (message) => screen.say(message), log, signal, settings },
  )
}

/** The requests that register the receivers are shown too. */
function told(api: PomboApi, traffic: Traffic): PomboApi {
  return {
    ...api,
    must: async (method, path, body) => {
      traffic.registering(method, path, body)
      return await api.must(method, path, body)
    },
  }
}

interface Run extends Demo, DemoOptions {
  /** Of the dialect. */
  api: PomboApi
  native: PomboApi
  setUp: SetUp
  stop: AbortSignal
}

/** Sends the stream and waits until it has arrived everywhere; answers the exit code. */
async function deliverAll(run: Run): Promise<number> {
  const { api, native, count, rate, receivers, screen, setUp, stop, traffic } = run
  const trackers = receivers.all.map(({ tracker }) => tracker)
  const startedAt = performance.now()
  const progress = () => trackers.map((tracker) => tracker.progress)
  const paint = (): void =>
    screen.show(
      progress(),
      `${count} events, ${rate} a second; ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`,
    )
  const painting = setInterval(() => {
    void readCircuits(native, receivers.all).then(paint)
  }, PAINT_MS)
  const sent = await sendStream(api, setUp.events, {
    count,
    rate,
    trackers,
    onSending: traffic.sending,
    stop,
  })
  await settled(progress, stop)
  clearInterval(painting)
  await readCircuits(native, receivers.all)
  const final = progress()
  screen.say('')
  for (const path of setUp.readings) await read(api, path, screen)
  for (const line of progressTable(final)) screen.say(line)
  screen.say('')
  const good =
    sent.refused === 0 &&
    final.every(({ complete, badSignatures }) => complete && badSignatures === 0)
  screen.say(
    verdict({ good, stopped: stop.aborted, sent, final, tookMs: performance.now() - startedAt }),
  )
  return good || stop.aborted ? exitCodes.ok : exitCodes.failed
}

async function settled(progress: () => Progress[], stop: AbortSignal): Promise<void> {
  let attempts = -1
  let movedAt = performance.now()
  while (!stop.aborted && performance.now() - movedAt < SETTLE_MS) {
    const now = progress()
    if (now.every(({ complete }) => complete)) return
    const sum = now.reduce((total, one) => total + one.attempts, 0)
    if (sum !== attempts) movedAt = performance.now()
    attempts = sum
    await sleep(50)
  }
}

/** What the system itself says of it, by a request of its own. */
async function read(api: PomboApi, path: string, screen: Screen): Promise<void> {
  const answer = await api.call<unknown>('GET', path)
  const text = answer.ok ? JSON.stringify(answer.value) : answer.problem
  screen.say(`GET ${path}`)
  screen.say(`       ${text.length > READING_SHOWN ? `${text.slice(0, READING_SHOWN)}…` : text}`)
  screen.say('')
}

function verdict(outcome: {
  good: boolean
  stopped: boolean
  sent: Sent
  final: readonly Progress[]
  tookMs: number
}): string {
  const { good, stopped, sent, final, tookMs } = outcome
  const sum = (of: (one: Progress) => number): number =>
    final.reduce((total, one) => total + of(one), 0)
  const seconds = (tookMs / 1_000).toFixed(1)
  const counts =
    `${sent.accepted} events, ${sum((one) => one.delivered)} deliveries in ` +
    `${sum((one) => one.attempts)} attempts, ${sum((one) => one.repeats)} repeated, ` +
    `${seconds} s`
  if (good) return `Every event arrived at every receiver: ${counts}.`
  if (stopped) return `Stopped: ${counts}.`
  const wrong = final.flatMap(({ name, sent: expected, delivered, complete, badSignatures }) => [
    ...(complete
      ? []
      : [
          `"${name}" lacks ${expected === null ? 'all' : `${expected - delivered} of ${expected}`}`,
        ]),
    ...(badSignatures > 0 ? [`"${name}" got ${badSignatures} bad signatures`] : []),
  ])
  if (sent.refused > 0) wrong.push(`${sent.refused} events were not accepted`)
  return `Not everything arrived: ${wrong.join(', ')} (${counts}).`
}

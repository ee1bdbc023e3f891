import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import { type EmbeddedServer, startEmbedded } from '../db/embedded/embedded.ts'
import { loadOrMakeKeys } from '../db/seal-keys.ts'
import { answerSnapshots } from '../observe/siblings.ts'
import { exitCodes } from './command.ts'
import { farewell, greeting } from './serve-words.ts'
import { untilSignal } from './signals.ts'
import type { WorkerMessage } from './worker.ts'

// A process that dies this soon after its start would die again; others are replaced.
const YOUNG_MS = 5_000
const MAX_YOUNG_DEATHS = 5

/**
 * Runs as many processes as configured, each a node of its own, behind one address. This process owns what they
 * share: the embedded server, the signals, and the replacing of those that die.
 */
export async function runProcesses(
  config: Config,
  hasFile: boolean,
  say: (line: string) => void,
): Promise<number> {
  const { signalled, release } = untilSignal(
    () => {
      for (const worker of workersNow()) worker.process.kill('SIGKILL')
      process.exit(130)
    },
    { hearsHangUp: hasFile },
  )
  // Each of them reads the file again.
  if (hasFile)
    process.on('SIGHUP', () => {
      for (const worker of workersNow()) worker.process.kill('SIGHUP')
    })
  const starting = new AbortController()
  let stopping = false
  void signalled.then(() => {
    stopping = true
    starting.abort(new Error('Stopped before it had started.'))
    for (const worker of workersNow()) worker.process.kill('SIGTERM')
  })
  const { signal } = starting
  let embedded: EmbeddedServer | undefined
  try {
    if (config.databaseUrl === undefined)
      embedded = await startEmbedded({ dataDir: config.dataDir, log: say, signal })
    const env: Record<string, string> = {}
    if (embedded) env['DATABASE_URL'] = embedded.url
    if (embedded && config.encryptionKeys === undefined)
      env['POMBO_ENCRYPTION_KEYS'] = (await loadOrMakeKeys(config.dataDir)).join(',')
    answerSnapshots()

    // The first one alone: it migrates, and makes the first key, which the others then find.
    const first = await startWorker(env)
    if (first.kind === 'failed') {
      signal.throwIfAborted()
      return first.code
    }
    say(
      greeting(config, {
        ...first,
        database: embedded ? `embedded PostgreSQL ${embedded.version}` : first.database,
      }),
    )
    const others = await Promise.all(
      Array.from({ length: stopping ? 0 : config.processes - 1 }, () => startWorker(env)),
    )
    const failed = others.find((one) => one.kind === 'failed')
    if (!failed && !stopping) say(`  processes: ${config.processes}`)
    const givenUp =
      failed && !stopping
        ? Promise.resolve('gave up' as const)
        : replaceTheDead(env, say, () => stopping)
    const why = await Promise.race([signalled, givenUp])
    stopping = true
    say(why === 'gave up' ? 'The processes keep ending; stopping.' : farewell(why, config))
    const codes = await Promise.all(workersNow().map(stopWorker))
    const clean = codes.every((code) => code === 0)
    say(
      clean
        ? 'Stopped; everything in flight was finished and recorded.'
        : 'Stopped. Some deliveries were not finished in time; those will be sent again.',
    )
    return clean && why !== 'gave up' ? exitCodes.ok : exitCodes.failed
  } finally {
    for (const worker of workersNow()) worker.process.kill('SIGKILL')
    await embedded?.stop()
    release()
  }
}

type Started =
  | { kind: 'ready'; url: string; apiKey?: string; database: string }
  | { kind: 'failed'; code: number }

async function startWorker(env: Record<string, string>): Promise<Started> {
  const worker = cluster.fork(env)
  return await new Promise<Started>((resolve) => {
    worker.on('message', (message: WorkerMessage | { kind: string }) => {
      if (message.kind === 'ready') resolve(message as Extract<WorkerMessage, { kind: 'ready' }>)
    })
    worker.once('exit', (code) => resolve({ kind: 'failed', code: code || exitCodes.failed }))
  })
}

/** Resolves when replacing has no point any more. */
function replaceTheDead(
  env: Record<string, string>,
  say: (line: string) => void,
  stopping: () => boolean,
): Promise<'gave up'> {
  return new Promise((resolve) => {
    let youngDeaths = 0
    const bornAt = new Map<number, number>()
    for (const worker of workersNow()) bornAt.set(worker.id, performance.now())
    cluster.on('exit', (worker, code, signal) => {
      if (stopping()) return
      const ageMs = performance.now() - (bornAt.get(worker.id) ?? 0)
      bornAt.delete(worker.id)
      youngDeaths = ageMs < YOUNG_MS ? youngDeaths + 1 : 0
      say(
        `Process ${worker.process.pid} ended (${signal ?? `exit code ${code}`}); ` +
          `${youngDeaths >= MAX_YOUNG_DEATHS ? 'giving up' : 'starting another'}.`,
      )
      if (youngDeaths >= MAX_YOUNG_DEATHS) return resolve('gave up')
      void sleep(youngDeaths * 500).then(() => {
        if (!stopping()) bornAt.set(cluster.fork(env).id, performance.now())
      })
    })
  })
}

async function stopWorker(worker: Worker): Promise<number> {
  const exited = once(worker, 'exit') as Promise<[number | null]>
  worker.process.kill('SIGTERM')
  const [code] = await exited
  return code ?? exitCodes.failed
}

function workersNow(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
}

import type { PomboApi } from '../pombo-api.ts'
import { type Mischief, wellBehaved } from '../sink/mischief.ts'
import { type Sink, startSink } from '../sink/receive.ts'
import { readVerificationKey, type VerificationKey } from '../sink/verify.ts'
import { Tracker } from './progress.ts'

/** A receiver of the demo with its endpoint. */
export interface DemoReceiver {
  tracker: Tracker
  sink: Sink
  path: string
}

interface Role {
  name: string
  mischief: Partial<Mischief>
  /** Of the endpoint, besides its URL. */
  settings: Record<string, unknown>
  /** How it behaves after a while. */
  later?: { afterMs: number; mischief: Partial<Mischief> }
}

// Short, so that retries and circuits are seen within seconds; the real defaults go from 5 s to 10 h.
const schedule = [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3]

const roles: readonly Role[] = [
  { name: 'good', mischief: { latencyMs: 5 }, settings: {} },
  {
    name: 'flaky',
    mischief: { fail: 0.25, hang: 0.02, reset: 0.03, latencyMs: 60 },
    settings: { retrySchedule: schedule, timeoutMs: 1_000 },
  },
  {
    name: 'down at first',
    mischief: { fail: 1 },
    settings: {
      retrySchedule: schedule,
      circuit: { failuresToOpen: 5, pauseMs: 1_000, maxPauseMs: 2_000 },
    },
    later: { afterMs: 4_000, mischief: {} },
  },
]

/** Starts the receivers on this machine and makes an endpoint for each; answers what stops them. */
export async function startReceivers(
  api: PomboApi,
  appPath: string,
  seed: number,
): Promise<{ receivers: DemoReceiver[]; close: () => Promise<void> }> {
  const receivers: DemoReceiver[] = []
  const timers: NodeJS.Timeout[] = []
  for (const { name, mischief, settings, later } of roles) {
    let keys: VerificationKey[] = []
    const tracker = new Tracker(name)
    const sink = await startSink({
      host: '127.0.0.1',
      port: 0,
      mischief: { ...wellBehaved, seed, ...mischief },
      keys: () => keys,
      onReceived: (received) => tracker.received(received),
    })
    tracker.inFlight = () => sink.inFlight()
    const made = await api.must<{ id: string }>('POST', `${appPath}/endpoint`, {
      url: `${sink.url}/webhooks`,
      description: `demo: ${name}`,
      ...settings,
    })
    const path = `${appPath}/endpoint/${made.id}`
    const { key } = await api.must<{ key: string }>('GET', `${path}/secret`)
    const read = readVerificationKey(key)
    if (!read.ok) throw new Error(`The endpoint's secret cannot be used: ${read.problem}`)
    keys = [read.key]
    if (later)
      timers.push(
        setTimeout(() => sink.behave({ ...wellBehaved, seed, ...later.mischief }), later.afterMs),
      )
    receivers.push({ tracker, sink, path })
  }
  return {
    receivers,
    async close() {
      for (const timer of timers) clearTimeout(timer)
      await Promise.all(receivers.map(({ sink }) => sink.close()))
    },
  }
}

/** Asks Pombo for the circuit of each endpoint. */
export async function readCircuits(
  api: PomboApi,
  receivers: readonly DemoReceiver[],
): Promise<void> {
  await Promise.all(
    receivers.map(async ({ tracker, path }) => {
      const answer = await api.call<{ health?: { circuit: string } }>('GET', path)
      if (answer.ok) tracker.circuit = answer.value.health?.circuit ?? 'closed'
    }),
  )
}

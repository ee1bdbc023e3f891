import type { PomboApi } from '../pombo-api.ts'
import { wellBehaved } from '../sink/mischief.ts'
import { type Sink, startSink, type Received } from '../sink/receive.ts'
import type { Verifier } from '../sink/verify.ts'
import { type Arrival, Tracker } from './progress.ts'
import type { Role, Script, SetUp } from './script.ts'

export interface DemoReceiver {
  role: Role
  tracker: Tracker
  sink: Sink
  /** Of its endpoint, once that is registered. */
  path: string | undefined
  /** Mends its ways after so long, unless it is to earlier already. */
  mendWithin: (ms: number) => void
}

export interface Receivers {
  all: readonly DemoReceiver[]
  url: (role: string) => string
  /** From now on signatures are verified, and those that mend their ways at the latest then begin to wait. */
  begin(endpoints: SetUp['endpoints']): void
  close(): Promise<void>
}

/** Starts the receivers on this machine. */
export async function startReceivers(
  { roles, idIn }: Script,
  seed: number,
  onReceived: (name: string, received: Received, arrival: Arrival | undefined) => void,
): Promise<Receivers> {
  const all: DemoReceiver[] = []
  const timers: NodeJS.Timeout[] = []
  const verifiers = new Map<string, Verifier>()
  for (const role of roles) {
    const { name, mischief, unasked = false } = role
    const tracker = new Tracker(name, idIn, { unasked })
    const sink = await startSink({
      host: '127.0.0.1',
      port: 0,
      mischief: { ...wellBehaved, seed, ...mischief },
      verify: (headers, body, nowMs) => verifiers.get(name)?.(headers, body, nowMs),
      onReceived: (received) => onReceived(name, received, tracker.received(received)),
    })
    tracker.inFlight = () => sink.inFlight()
    const mend = () => sink.behave({ ...wellBehaved, seed, ...role.later?.mischief })
    const mendWithin = (ms: number): void => void timers.push(setTimeout(mend, ms))
    all.push({ role, tracker, sink, path: undefined, mendWithin })
  }
  return {
    all,
    url: (role) => all.find(({ tracker }) => tracker.name === role)!.sink.url,
    begin(endpoints) {
      for (const receiver of all) {
        const { role } = receiver
        const { path, verify } = endpoints[role.name]!
        receiver.path = path
        verifiers.set(role.name, verify)
        if (role.later) receiver.mendWithin(role.later.atLatestMs)
      }
    },
    async close() {
      for (const timer of timers) clearTimeout(timer)
      await Promise.all(all.map(({ sink }) => sink.close()))
    },
  }
}

/** Asks Pombo for the circuit of each endpoint; whose is seen open for the first time mends its ways soon. */
export async function readCircuits(
  api: PomboApi,
  receivers: readonly DemoReceiver[],
): Promise<void> {
  await Promise.all(
    receivers.map(async ({ tracker, path, role, mendWithin }) => {
      if (path === undefined) return
      const answer = await api.call<{ health?: { circuit: string } }>('GET', path)
      if (!answer.ok) return
      const circuit = answer.value.health?.circuit ?? 'closed'
      if (role.later && circuit !== 'closed' && tracker.circuit === 'closed')
        mendWithin(role.later.afterOpenMs)
      tracker.circuit = circuit
    }),
  )
}

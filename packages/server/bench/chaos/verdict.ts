/** What is said of a run: pure, from what the client knows, what the receiver saw, and when which fault was made. */

/** One numbered event, as its sender knows it. */
export interface Sent {
  n: number
  /** Its ordering key; within a key the next is sent only after this one's fate was known to the client. */
  key: string
  /** Sent with an Idempotency-Key, so that asking again is safe. */
  keyed: boolean
  /** `unknown`: no answer came and it was not asked again. `refused`: never accepted until the client gave up. */
  state: 'accepted' | 'unknown' | 'refused'
  id: string | null
  acceptedAt: number
  askedAt: number
}

/**
 * One request at the receiver. `seq` and `answerSeq` come from one counter, so that they order arrivals and
 * answers exactly.
 */
export interface Arrival {
  n: number
  id: string
  path: 'plain' | 'ordered'
  node: string
  at: number
  seq: number
  answerSeq: number | null
  ok: boolean
}

export interface Fault {
  what: string
  at: number
  /**
   * From when on the service could be back: the database answers, the line is mended. null: others carry on
   * meanwhile.
   */
  mendedAt: number | null
  /** Deliveries sent and not yet recorded when it struck: what may be sent again. */
  inFlight: number
  /** What the node that it struck may have sent: `id path` of all that was open then, by whomever. */
  open?: { node: string; deliveries: ReadonlySet<string> }
  /** The node it struck, by name, if it went on afterwards. */
  paused?: { node: string; continuedAt: number }
}

export interface Verdict {
  accepted: number
  unknown: number
  refused: number
  /** Distinct deliveries received, of two for each accepted event. */
  received: number
  /** Accepted and not received, by number and path. */
  lost: string[]
  /** Received again after an answer of success. */
  repeated: number
  inFlight: number
  orderBroken: string[]
  /** Sent by a node that had been paused, after another had delivered it. */
  afterTakeOver: number
  /** Events that were stored although their client was told "nothing was accepted", and so came twice under two ids. */
  storedTwice: number
  /** Longest time without an accepted event. */
  gapMs: number
  /** From the mending of a fault to the next accepted and the next received event; the longest. */
  backMs: number | null
  /** From a fault that others carry on through, to the last of what had been accepted before it; the longest. */
  takeOverMs: number | null
  /** 99 of 100 events are accepted within it: before the first fault, and at the worst of the faults 3 s after it. */
  calmP99Ms: number | null
  laterP99Ms: number | null
  /** The deliveries that took longest from accepted to received, and who tried. */
  slowest: string[]
}

const paths = ['plain', 'ordered'] as const

export function judge(
  sent: readonly Sent[],
  arrivals: readonly Arrival[],
  faults: readonly Fault[],
  load: { startedAt: number; endedAt: number },
): Verdict {
  const byDelivery = Map.groupBy(arrivals, (one) => `${one.id} ${one.path}`)
  const accepted = sent.filter((one) => one.state === 'accepted')
  const firstOk = (one: Sent, path: (typeof paths)[number]) =>
    byDelivery.get(`${one.id} ${path}`)?.find((arrival) => arrival.ok)
  const lost = accepted.flatMap((one) =>
    paths.filter((path) => !firstOk(one, path)).map((path) => `${one.n} ${path}`),
  )
  const repeated = [...byDelivery.values()].reduce(
    (sum, list) => sum + Math.max(0, list.filter((one) => one.ok).length - 1),
    0,
  )
  const acceptedAts = [load.startedAt, ...accepted.map((one) => one.acceptedAt), load.endedAt]
    .filter((at) => at <= load.endedAt)
    .toSorted((a, b) => a - b)
  const waits = accepted
    .flatMap((one) => paths.map((path) => ({ one, path, done: firstOk(one, path) })))
    .flatMap(({ one, path, done }) => (done ? [{ one, path, ms: done.at - one.acceptedAt }] : []))
    .toSorted((a, b) => b.ms - a.ms)
  return {
    accepted: accepted.length,
    unknown: sent.filter((one) => one.state === 'unknown').length,
    refused: sent.filter((one) => one.state === 'refused').length,
    received: accepted.length * paths.length - lost.length,
    lost,
    repeated,
    inFlight: faults.reduce((sum, fault) => sum + fault.inFlight, 0),
    orderBroken: brokenOrder(accepted, byDelivery),
    afterTakeOver: faults.reduce(
      (sum, fault) => sum + (fault.paused ? lateSends(fault.paused, fault.at, byDelivery) : 0),
      0,
    ),
    storedTwice: [...Map.groupBy(arrivals, (one) => one.n).values()].filter(
      (list) => new Set(list.map((one) => one.id)).size > 1,
    ).length,
    gapMs: longestGap(acceptedAts),
    backMs: longest(faults.flatMap((fault) => backAfter(fault, accepted, arrivals))),
    takeOverMs: longest(
      faults.flatMap((fault) => {
        if (fault.mendedAt !== null) return []
        const before = accepted.filter((one) => one.acceptedAt < fault.at)
        const ats = before.flatMap((one) => paths.map((path) => firstOk(one, path)?.at ?? 0))
        return [Math.max(0, ...ats.map((at) => at - fault.at))]
      }),
    ),
    ...acceptTimes(accepted, faults, load.endedAt),
    slowest: waits.slice(0, 3).map(({ one, path, ms }) => {
      const tries = byDelivery.get(`${one.id} ${path}`)!
      const told = tries.map(
        ({ node, at, ok }) => `${node} after ${at - one.acceptedAt} ms${ok ? '' : ', refused'}`,
      )
      return (
        `${one.n} ${path}: received after ${ms} ms; accepted ` +
        `${one.acceptedAt - load.startedAt} ms after the start; sent by ${told.join('; ')}`
      )
    }),
  }
}

/**
 * For each key: nothing of an event may come before its predecessor's first success, and nothing of the
 * predecessor after its successor (a repeat that late was sent by somebody who had no right to any more).
 */
function brokenOrder(
  accepted: readonly Sent[],
  byDelivery: ReadonlyMap<string, Arrival[]>,
): string[] {
  const broken: string[] = []
  for (const [key, events] of Map.groupBy(accepted, (one) => one.key)) {
    let before: { n: number; doneSeq: number; lastSeq: number } | undefined
    for (const event of events.toSorted((a, b) => a.n - b.n)) {
      const list = byDelivery.get(`${event.id} ordered`) ?? []
      const done = list.find((one) => one.ok)
      if (!done) continue
      const firstSeq = Math.min(...list.map((one) => one.seq))
      if (before && firstSeq < before.doneSeq)
        broken.push(`key ${key}: ${event.n} came before ${before.n} was done`)
      if (before && before.lastSeq > firstSeq)
        broken.push(`key ${key}: ${before.n} came again after ${event.n}`)
      before = {
        n: event.n,
        doneSeq: done.answerSeq ?? done.seq,
        lastSeq: Math.max(...list.map((one) => one.seq)),
      }
    }
  }
  return broken
}

function lateSends(
  paused: { node: string; continuedAt: number },
  stoppedAt: number,
  byDelivery: ReadonlyMap<string, Arrival[]>,
): number {
  let late = 0
  for (const list of byDelivery.values()) {
    const takenOver = list.some(
      (one) =>
        one.ok && one.node !== paused.node && one.at >= stoppedAt && one.at < paused.continuedAt,
    )
    if (takenOver)
      late += list.filter((one) => one.node === paused.node && one.at >= paused.continuedAt).length
  }
  return late
}

function backAfter(
  { mendedAt }: Fault,
  accepted: readonly Sent[],
  arrivals: readonly Arrival[],
): number[] {
  if (mendedAt === null) return []
  const next = (ats: number[]) => ats.filter((at) => at >= mendedAt).toSorted((a, b) => a - b)[0]
  const [first, arrived] = [
    next(accepted.map((one) => one.acceptedAt)),
    next(arrivals.filter((one) => one.ok).map((one) => one.at)),
  ]
  return first === undefined || arrived === undefined ? [] : [Math.max(first, arrived) - mendedAt]
}

function longestGap(sorted: readonly number[]): number {
  let gap = 0
  for (let i = 1; i < sorted.length; i++) gap = Math.max(gap, sorted[i]! - sorted[i - 1]!)
  return gap
}

function longest(values: readonly number[]): number | null {
  let found: number | null = null
  for (const value of values) found = Math.max(found ?? value, value)
  return found
}

/** How long after a fault the time to an answer may be longer. */
const shakenMs = 3_000

function acceptTimes(accepted: readonly Sent[], faults: readonly Fault[], endedAt: number) {
  const p99 = (fromMs: number, untilMs: number): number[] => {
    const times = accepted
      .filter(({ askedAt }) => askedAt >= fromMs && askedAt < untilMs)
      .map((one) => one.acceptedAt - one.askedAt)
      .toSorted((a, b) => a - b)
    // Of fewer it would be the slowest of all.
    return times.length < 50 ? [] : [times[Math.ceil(times.length * 0.99) - 1]!]
  }
  const first = faults[0]?.at ?? endedAt
  const later = faults.flatMap(({ at }, i) =>
    p99(at + shakenMs, (faults[i + 1]?.at ?? endedAt) - 100),
  )
  return { calmP99Ms: longest(p99(0, first)), laterP99Ms: longest(later) }
}

/** Of what was open when a node was struck, what that node had sent: known when all has arrived. */
export function countInFlight(faults: readonly Fault[], arrivals: readonly Arrival[]): void {
  for (const fault of faults) {
    const { open } = fault
    if (!open) continue
    const sent = arrivals.filter(
      ({ node, id, path }) => node === open.node && open.deliveries.has(`${id} ${path}`),
    )
    fault.inFlight = new Set(sent.map(({ id, path }) => `${id} ${path}`)).size
  }
}

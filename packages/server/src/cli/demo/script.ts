import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Face, PomboApi } from '../pombo-api.ts'
import type { Mischief } from '../sink/mischief.ts'
import type { Verdict, Verifier } from '../sink/verify.ts'

/**
 * What a demo shows of one dialect: who receives, how they are registered, what is sent, all by the requests of
 * the dialect's own document. Receivers verify by the document's words and not by Pombo's code.
 */
export interface Script {
  /** One line. */
  about: string
  /** Events, and events a second, unless asked otherwise. */
  count: number
  rate: number
  roles: readonly Role[]
  face: Face
  /** Variables of the server; they win over the environment's. */
  settings?(place: Place): Record<string, string>
  setUp(api: PomboApi, place: Place): Promise<SetUp>
  /** Which event a request carries; undefined: none that is waited for. */
  idIn: (body: unknown) => string | undefined
}

/** A receiver of the demo. */
export interface Role {
  name: string
  mischief: Partial<Mischief>
  /** Of the endpoint, as the native API has them. */
  settings: Record<string, unknown>
  /** How it behaves `afterOpenMs` after its circuit was first seen open, or `atLatestMs` after the start. */
  later?: { afterOpenMs: number; atLatestMs: number; mischief: Partial<Mischief> }
  /** Gets what Pombo has to say of itself: none of the events sent, but something. */
  unasked?: boolean
}

export interface Place {
  /** Different in each run, so that a second one on the same database does not meet the first. */
  run: string
  /** Where a role receives. */
  url: (role: string) => string
  seed: number
  now: () => number
}

export interface SetUp {
  /** By role: its endpoint in the native API, and how its requests are verified. */
  endpoints: Readonly<Record<string, { path: string; verify: Verifier }>>
  events: Iterator<DemoEvent>
  /** What the system itself says in the end. */
  readings: readonly string[]
  /** The server stays up with these words; without them the demo ends. */
  invitation?(apiKey: string): string
}

/** An event, in the request that brings it in. */
export interface DemoEvent {
  /** As `idIn` finds it at the receivers. */
  id: string
  /** Of each kind one is shown in full. */
  kind: string
  path: string
  body: unknown
  to: readonly string[]
}

// Short, so that retries and circuits are seen within seconds; the dialects' own go from 1 s to 10 h.
const retrySchedule = [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3]

export const good = { name: 'good', mischief: { latencyMs: 5 }, settings: {} } satisfies Role

export const flaky = {
  name: 'flaky',
  mischief: { fail: 0.25, hang: 0.02, reset: 0.03, latencyMs: 60 },
  // Above what a busy machine takes to answer: an answer that comes too late is an event sent twice.
  settings: { retrySchedule, timeoutMs: 5_000 },
} satisfies Role

export const downAtFirst = {
  name: 'down at first',
  mischief: { fail: 1 },
  settings: {
    retrySchedule,
    circuit: { failuresToOpen: 5, pauseMs: 1_000, maxPauseMs: 2_000 },
  },
  // By what was seen and not by the clock alone: after 4 s a slow machine had made one attempt, and no circuit opened.
  later: { afterOpenMs: 3_000, atLatestMs: 20_000, mischief: {} },
} satisfies Role

/** A signature in hex by HMAC-SHA256, in the header and over the text that the document says. */
export function hmacVerifier(
  secret: string,
  header: string,
  expected: (hex: string) => string,
  signed: (headers: Readonly<Record<string, unknown>>, body: string) => string = (_, body) => body,
): Verifier {
  return (headers, body): Verdict => {
    const given = headers[header]
    if (typeof given !== 'string') return { ok: false, reason: `${header} is missing` }
    const text = signed(headers, body.toString('utf8'))
    const right = Buffer.from(expected(createHmac('sha256', secret).update(text).digest('hex')))
    const presented = Buffer.from(given)
    const fits = presented.length === right.length && timingSafeEqual(presented, right)
    return fits ? { ok: true } : { ok: false, reason: `${header} does not fit the secret` }
  }
}

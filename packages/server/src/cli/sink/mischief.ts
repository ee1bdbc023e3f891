/** How a sink misbehaves. Shares are from 0 to 1 and exclude each other, so that together they are at most 1. */
export interface Mischief {
  /** Share answered with `status`. */
  fail: number
  /** Share never answered. */
  hang: number
  /** Share whose connection is reset. */
  reset: number
  status: number
  latencyMs: number
  /** Sent with a failure; absent: no header. */
  retryAfterSeconds: number | undefined
  /** From this many requests on, all are answered 410; absent: never. */
  goneAfter: number | undefined
  /** The same seed makes the same decisions in the same order. */
  seed: number
}

export const wellBehaved: Mischief = {
  fail: 0,
  hang: 0,
  reset: 0,
  status: 503,
  latencyMs: 0,
  retryAfterSeconds: undefined,
  goneAfter: undefined,
  seed: 1,
}

/** What the sink does with one request. */
export type Reaction =
  | { kind: 'answer'; status: number; delayMs: number; retryAfterSeconds: number | undefined }
  | { kind: 'hang' }
  | { kind: 'reset'; delayMs: number }

/** Decides request by request; the n-th decision depends on the seed and n alone. */
export function misbehave(mischief: Mischief): () => Reaction {
  const random = seededRandom(mischief.seed)
  const { fail, hang, reset, status, latencyMs, retryAfterSeconds, goneAfter } = mischief
  let requests = 0
  return () => {
    const drawn = random()
    requests += 1
    if (goneAfter !== undefined && requests > goneAfter)
      return { kind: 'answer', status: 410, delayMs: latencyMs, retryAfterSeconds: undefined }
    if (drawn < reset) return { kind: 'reset', delayMs: latencyMs }
    if (drawn < reset + hang) return { kind: 'hang' }
    if (drawn < reset + hang + fail)
      return { kind: 'answer', status, delayMs: latencyMs, retryAfterSeconds }
    return { kind: 'answer', status: 200, delayMs: latencyMs, retryAfterSeconds: undefined }
  }
}

/** Numbers from 0 to 1, the same for the same seed: a 32-bit counter through the finaliser of MurmurHash3. */
export function seededRandom(seed: number): () => number {
  let counter = Math.imul(seed, 0x9e3779b1)
  return () => {
    counter = (counter + 0x9e3779b9) | 0
    let mixed = counter ^ (counter >>> 16)
    mixed = Math.imul(mixed, 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 4_294_967_296
  }
}

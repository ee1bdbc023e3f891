/**
 * A rate as a bucket of tokens: it fills evenly with time, and one token is taken for each thing that the rate
 * allows.
 */
export interface TokenBucket {
  /** Below 0 where something went without asking. */
  tokens: number
  /** When it was filled last, by the monotonic clock. */
  filledAt: number
  /** When it is full, if no more is taken. It may be forgotten from then on, and not before: a new one is full. */
  fullAt: number
}

export function newBucket(tokens: number, now: number): TokenBucket {
  return { tokens, filledAt: now, fullAt: now }
}

/** What is saved up at most: a second's worth, and never less than one. */
export function capacity(perSecond: number): number {
  return Math.max(1, perSecond)
}

/** Adds what has come since it was filled last. */
export function refill(bucket: TokenBucket, perSecond: number, now: number): void {
  const added = ((now - bucket.filledAt) / 1_000) * perSecond
  bucket.tokens = Math.min(capacity(perSecond), bucket.tokens + added)
  bucket.filledAt = now
}

/** Takes one, also where there is none. */
export function take(bucket: TokenBucket, perSecond: number): void {
  bucket.tokens -= 1
  bucket.fullAt = bucket.filledAt + ((capacity(perSecond) - bucket.tokens) * 1_000) / perSecond
}

/** Milliseconds until there is a whole token in a bucket that was just filled; 0 where there is one. */
export function untilTokenMs({ tokens }: TokenBucket, perSecond: number): number {
  return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * 1_000) / perSecond)
}

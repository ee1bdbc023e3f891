/**
 * What a sink has seen. `repeats` are requests for something it had already accepted: the promise is that they
 * are rare.
 */
export interface Counts {
  received: number
  distinct: number
  accepted: number
  refused: number
  hung: number
  reset: number
  /** Requests for an id that had been refused, hung or reset before. */
  retries: number
  repeats: number
  badSignatures: number
}

// Ids beyond this are forgotten, oldest first, so that a sink can run for days; a repeat of a forgotten one
// counts as new.
const REMEMBERED_IDS = 500_000

/** Counts requests. */
export function openTally(): {
  counts: Counts
  /** Notes a request when it arrives; answers how often its id came so far. */
  arrived(id: string): number
  ended(id: string, how: 'accepted' | 'refused' | 'hung' | 'reset' | 'bad-signature'): void
} {
  const counts: Counts = {
    received: 0,
    distinct: 0,
    accepted: 0,
    refused: 0,
    hung: 0,
    reset: 0,
    retries: 0,
    repeats: 0,
    badSignatures: 0,
  }
  const seen = new Map<string, { times: number; accepted: boolean }>()
  return {
    counts,
    arrived(id) {
      counts.received += 1
      const known = seen.get(id)
      if (known === undefined) {
        counts.distinct += 1
        if (seen.size >= REMEMBERED_IDS) seen.delete(seen.keys().next().value!)
        seen.set(id, { times: 1, accepted: false })
        return 1
      }
      if (known.accepted) counts.repeats += 1
      else counts.retries += 1
      known.times += 1
      return known.times
    },
    ended(id, how) {
      switch (how) {
        case 'accepted': {
          counts.accepted += 1
          const known = seen.get(id)
          if (known) known.accepted = true
          return
        }
        case 'refused':
          counts.refused += 1
          return
        case 'hung':
          counts.hung += 1
          return
        case 'reset':
          counts.reset += 1
          return
        case 'bad-signature':
          counts.badSignatures += 1
          counts.refused += 1
      }
    },
  }
}

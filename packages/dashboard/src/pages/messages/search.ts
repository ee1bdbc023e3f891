import { search } from '../../shell/search.ts'

/** How far back, in the words of the address: `1h` stays the last hour when it is opened tomorrow. */
export const spans = ['1h', '24h', '7d', '30d'] as const
export type Span = (typeof spans)[number]

const spanMs: Record<Span, number> = {
  '1h': 3_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
  '30d': 2_592_000_000,
}

/** From the minute on, so that the same question is asked of the cache for a while. */
export function sinceOf(span: Span, now: number): string {
  return new Date(Math.floor((now - spanMs[span]) / 60_000) * 60_000).toISOString()
}

export const messageStates = [
  'waiting',
  'delivered',
  'exhausted',
  'discarded',
  'unmatched',
] as const

export const messageSearch = search({
  q: 'text',
  type: 'text',
  state: messageStates,
  span: spans,
  channel: 'text',
  tag: 'text',
  key: 'text',
  text: 'text',
})

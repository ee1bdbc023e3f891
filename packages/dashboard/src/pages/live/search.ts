import { search } from '../../shell/search.ts'

export const liveStates = ['accepted', 'delivered', 'failed', 'exhausted', 'discarded'] as const

export const liveSearch = search({
  type: 'text',
  state: liveStates,
  source: 'text',
  endpoint: 'text',
})

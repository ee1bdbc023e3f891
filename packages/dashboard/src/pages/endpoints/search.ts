import { search } from '../../shell/search.ts'

export const endpointStates = [
  'healthy',
  'failing',
  'open',
  'half-open',
  'paused',
  'disabled',
] as const

export const endpointsSearch = search({ q: 'text', state: endpointStates })

export const endpointTabs = ['overview', 'settings', 'secret'] as const

export const endpointSearch = search({ tab: endpointTabs })

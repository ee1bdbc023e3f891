import { search } from '../../shell/search.ts'

export const auditKinds = [
  'app',
  'endpoint',
  'endpoint_secret',
  'event_type',
  'api_key',
  'tenant',
  'source',
  'device',
  'poller',
  'integration',
  'portal_settings',
  'person',
] as const

export const auditSearch = search({ kind: auditKinds })

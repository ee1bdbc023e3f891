import { search } from '../../shell/search.ts'

export const auditKinds = ['app', 'endpoint', 'event_type', 'api_key', 'tenant', 'source'] as const

export const auditSearch = search({ kind: auditKinds })

import type { components } from './schema.d.ts'

type Schemas = components['schemas']

export type App = Schemas['ApplicationOut']
export type Endpoint = Schemas['EndpointOut']
export type EventType = Schemas['EventTypeOut']
export type Session = Schemas['SessionOut']
export type SeriesPoint = Schemas['SeriesOut']['series'][number]['points'][number]
export type Overview = Schemas['OverviewOut']
export type Key = Schemas['ApiKeyOut']
export type Tenant = Schemas['TenantOut']
export type AuditEntry = Schemas['AuditOut']
export type PersonErasure = Schemas['PersonErasureOut']
export type PersonExport = Schemas['PersonExportOut']
export type PortalSettings = Schemas['PortalSettingsOut']

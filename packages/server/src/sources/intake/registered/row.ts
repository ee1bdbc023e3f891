import type { ChatFilter } from '../../../core/chat-filter.ts'
import type { WebhookSettings } from '../../gateway/scheme.ts'
import type { Source, SourceSettings } from '../settings.ts'

export interface SourceRow {
  id: string
  tenant_id: string
  app_id: string
  gateway: string
  name: string
  sessions: 'own' | 'any'
  token_hash: Buffer | null
  token_hint: string | null
  secret_sealed: Buffer | null
  broker_sealed: Buffer | null
  filters: ChatFilter
  media: 'link' | 'inline'
  media_min_bytes: number
  dedupe_seconds: number
  silence_minutes: number | null
  webhook: WebhookSettings | null
  allowed_ips: string[] | null
  created_at: Date
  updated_at: Date
}

/** The columns of the settings that are stored as they are given. */
export const columnOf = {
  gateway: 'gateway',
  name: 'name',
  sessions: 'sessions',
  filters: 'filters',
  media: 'media',
  mediaMinBytes: 'media_min_bytes',
  dedupeSeconds: 'dedupe_seconds',
  silenceMinutes: 'silence_minutes',
  webhook: 'webhook',
  allowedIps: 'allowed_ips',
} as const satisfies Partial<Record<keyof SourceSettings, string>>

export function sourceOf(row: SourceRow): Source {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    appId: row.app_id,
    gateway: row.gateway,
    name: row.name,
    sessions: row.sessions,
    tokenHash: row.token_hash,
    tokenHint: row.token_hint,
    secretSealed: row.secret_sealed,
    brokerSealed: row.broker_sealed,
    filters: row.filters,
    media: row.media,
    mediaMinBytes: row.media_min_bytes,
    dedupeSeconds: row.dedupe_seconds,
    silenceMinutes: row.silence_minutes,
    webhook: row.webhook,
    allowedIps: row.allowed_ips,
    createdAtMs: row.created_at.getTime(),
    updatedAtMs: row.updated_at.getTime(),
  }
}

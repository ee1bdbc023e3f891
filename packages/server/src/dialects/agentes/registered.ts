/** What is registered: the document's `webhook_endpoints` and `n8n_workflows`, both endpoints of an organisation. */
import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { invalid, PomboError } from '../../core/error.ts'
import { showId } from '../../core/id.ts'
import { nearest } from '../../core/nearest.ts'
import type { Caller, DialectApp } from '../contract/caller.ts'
import type { DialectPorts, EndpointChanges, FoundEndpoint } from '../contract/ports.ts'
import type { Counts } from '../contract/delivery-log.ts'
import { catalogue } from './events.ts'
import { givenId, idOf, type Organizations } from './organizations.ts'
import type { AgentesValues } from './settings.ts'

/** Tells the two kinds from each other, and from endpoints that somebody made by other means. */
export type Kind = 'endpoint' | 'n8n'

const names = catalogue.map(({ name }) => name)

export const endpointIn = z.object({
  name: z.string().max(1_000).optional(),
  url: z.string().optional(),
  /** Left out, null or empty: all. */
  events: z.array(z.string()).nullish(),
  /** Null or empty: none of its own. */
  secret: z.string().nullish(),
  is_active: z.boolean().optional(),
  /** Requests a second; null: no limit. */
  rate_limit: z.int().min(1).max(65_535).nullish(),
  user_id: givenId,
  organization_id: givenId,
})

/** What the two kinds have in common of what can be set. */
export interface Wanted {
  name?: string | undefined
  url?: string | undefined
  events?: readonly string[] | null | undefined
  secret?: string | null | undefined
  isActive?: boolean | undefined
  rateLimit?: number | null | undefined
  metadata: Record<string, string>
  uid?: string
  /** Gets what it is handed by /api/webhooks/n8n/sync, and no events. */
  syncOnly?: boolean
}

/** The event type of what is handed to a workflow that is not for one event alone. */
export const syncType = 'n8n.sync'

export interface RegisteredDeps {
  ports: DialectPorts
  organizations: Organizations
  values: AgentesValues
}

export async function changesOf(
  { ports, values }: RegisteredDeps,
  caller: Caller,
  wanted: Wanted,
  before: Endpoint | undefined,
): Promise<EndpointChanges> {
  const { name, url, events, secret, isActive, rateLimit } = wanted
  const metadata = { ...before?.metadata, ...wanted.metadata }
  const changes: EndpointChanges = { metadata }
  if (name !== undefined) changes.description = name
  if (url !== undefined) changes.url = url
  if (events !== undefined) changes.eventTypes = subscriptionOf(events)
  if (wanted.syncOnly) changes.eventTypes = [syncType]
  if (isActive !== undefined) changes.disabled = !isActive
  if (rateLimit !== undefined) changes.throttleRate = rateLimit
  if (secret === undefined && before) return changes
  // The environment's secret is the operator's: signing anybody else's requests with it would let them be taken
  // for his.
  const common = (await ports.operator()).tenantId === caller.tenantId && values.webhookSecret
  changes.secret = secret || common || null
  if (!secret && common) metadata['secret'] = 'environment'
  else delete metadata['secret']
  return changes
}

/** Null: all of them. */
function subscriptionOf(events: readonly string[] | null): string[] | null {
  if (!events || events.length === 0 || events.includes('*')) return null
  for (const one of events) checkEventType(one, ['body', 'events'])
  return [...new Set(events)]
}

export function checkEventType(name: string, loc: string[]): void {
  if (names.includes(name)) return
  const close = nearest(name, names)
  const hint = close === undefined ? '' : `; did you mean "${close}"?`
  const known = 'the supported events are listed at /api/webhooks/stats'
  throw invalid(loc, `"${name}" is no event type${hint} (${known})`)
}

export async function create(
  deps: RegisteredDeps,
  caller: Caller,
  app: DialectApp,
  kind: Kind,
  wanted: Wanted & { url: string },
): Promise<Endpoint> {
  const changes = await changesOf(deps, caller, wanted, undefined)
  return await deps.ports.endpoints.create(app, {
    ...changes,
    url: wanted.url,
    metadata: { ...changes.metadata, kind },
    dialect: 'agentes',
    ...(wanted.uid !== undefined && { uid: wanted.uid }),
  })
}

/** By id, over all organisations that the key reaches. */
export async function found(
  ports: DialectPorts,
  caller: Caller,
  kind: Kind,
  text: string,
): Promise<FoundEndpoint & { app: DialectApp }> {
  const one = await ports.endpoints.byId(caller, text)
  const isOfKind = one?.endpoint.dialect === 'agentes' && one.endpoint.metadata['kind'] === kind
  const app = isOfKind ? await ports.apps.find(caller, showId('app', one.app.id)) : undefined
  const what = kind === 'n8n' ? 'n8n workflow' : 'webhook endpoint'
  if (!one || !app) throw new PomboError('not_found', { what, id: text })
  return { endpoint: one.endpoint, app }
}

/** Counts of everything of the dialect, by endpoint. */
export async function countsOf(
  ports: DialectPorts,
  caller: Caller,
  appId: string | undefined,
): Promise<ReadonlyMap<string, Counts>> {
  const query = { dialect: 'agentes', ...(appId !== undefined && { appId }) } as const
  return (await ports.attempts.stats(caller, query)).endpoints
}

/** The columns that both tables have. */
export function showCommon(endpoint: Endpoint, counts: Counts | undefined) {
  return {
    is_active: !endpoint.disabled,
    disabled_reason: endpoint.disabledReason,
    success_count: counts?.delivered ?? 0,
    failure_count: counts?.failedAttempts ?? 0,
    created_at: iso(endpoint.createdAtMs),
    updated_at: iso(endpoint.updatedAtMs),
  }
}

export function showEndpoint(
  { endpoint, app }: { endpoint: Endpoint; app: { uid: string | null; id: string } },
  counts: Counts | undefined,
) {
  return {
    id: endpoint.id,
    user_id: endpoint.metadata['user_id'] ?? null,
    organization_id: app.uid ?? app.id,
    name: endpoint.description,
    url: endpoint.url,
    events: endpoint.eventTypes ?? names,
    has_secret: endpoint.secrets.length > 0,
    rate_limit: endpoint.throttleRate,
    ...showCommon(endpoint, counts),
  }
}

export function ownerOf(body: unknown): Record<string, string> {
  const user = idOf(body, 'user_id')
  return user === undefined ? {} : { user_id: user }
}

import type { Clock } from '../../../core/clock.ts'
import type { Endpoint } from '../../../core/endpoint.ts'
import { invalid, PomboError } from '../../../core/error.ts'
import { readId, uuidv7 } from '../../../core/id.ts'
import type { Secret } from '../../../core/secret.ts'
import { noteChange } from '../../../db/changes.ts'
import { inAuditedTransaction } from '../../../db/audit.ts'
import type { Pool, Queryable } from '../../../db/pool.ts'
import { sealContext } from '../../../db/reseal.ts'
import { noteSignals } from '../../../db/signals.ts'
import { rows, run, tables } from '../../../db/tables.ts'
import type { AppScope } from '../../apps/app.ts'
import { isDuplicate } from '../../checks.ts'
import { findEndpoint, secretText, type Opener } from '../../store.ts'
import { checkDialectOptions, type EndpointRules, type EndpointSettings } from '../settings.ts'
import { endpointSignal, type EndpointEvent } from '../signal.ts'

export interface EndpointsOptions {
  pool: Pool
  clock: Clock
  opener: Opener
  rules: EndpointRules
  changed: (kind: 'app', appId: string) => void
}

/** Of the endpoint's app, what its signals need. */
export interface AppFacts {
  uid: string | null
  kind: 'app' | 'operational'
}

/** Shown as the reason where a person disabled it. */
const BY_HAND = 'disabled by hand'

export type EndpointWriter = ReturnType<typeof createEndpointWriter>

/** What every change of an endpoint is made of: one transaction with the rows, the operational event and the note to the other nodes. */
export function createEndpointWriter({ pool, clock, opener, rules, changed }: EndpointsOptions) {
  async function write<T>(
    scope: AppScope,
    work: (db: Queryable, app: AppFacts) => Promise<T>,
  ): Promise<T> {
    const result = await inAuditedTransaction(pool, async (db) => {
      // Held against being deleted meanwhile, not against other changes.
      const app = tables
        .selectFrom('app')
        .select(['uid', 'kind'])
        .where('tenant_id', '=', scope.tenantId)
        .where('id', '=', scope.appId)
      const [facts] = await rows(db, app.forKeyShare())
      if (!facts) throw new PomboError('not_found', { what: 'application', id: scope.appId })
      const done = await work(db, facts)
      await noteChange(db, 'app', scope.appId)
      return done
    }).catch((error: unknown) => {
      if (!isDuplicate(error, 'endpoint_uid')) throw error
      throw new PomboError(
        'conflict',
        { detail: 'Another endpoint of this application has this uid already.' },
        { cause: error },
      )
    })
    changed('app', scope.appId)
    return result
  }

  /** The endpoint, its row locked. */
  async function held(db: Queryable, scope: AppScope, idOrUid: string): Promise<Endpoint> {
    return (await findEndpoint(db, opener, scope, byIdOrUid(idOrUid), true)) ?? missing(idOrUid)
  }

  async function reread(db: Queryable, scope: AppScope, id: string): Promise<Endpoint> {
    return (await findEndpoint(db, opener, scope, { id }))!
  }

  async function signal(
    db: Queryable,
    type: EndpointEvent,
    endpoint: Endpoint,
    app: AppFacts,
    disabled?: Parameters<typeof endpointSignal>[3],
  ): Promise<void> {
    const { tenantId, appId, id: endpointId, uid: endpointUid } = endpoint
    const nowMs = clock.now()
    const noted = endpointSignal(
      type,
      { tenantId, appId, appUid: app.uid, appKind: app.kind, endpointId, endpointUid },
      nowMs,
      disabled,
    )
    if (noted) await noteSignals(db, [noted], nowMs)
  }

  /** A given secret, read as the dialect reads them, or a fresh one; null where the dialect goes without. */
  function secretFor(
    dialect: Endpoint['dialect'],
    given: string | null | undefined,
    field: string,
  ): Secret | null {
    if (given === null || given === undefined) return rules.generateSecret(dialect)
    const parsed = rules.parseSecret(dialect, given)
    if (!parsed.ok) throw invalid(['body', field], parsed.problem)
    return parsed.secret
  }

  async function insertSecret(
    db: Queryable,
    tenantId: string,
    endpointId: string,
    secret: Secret,
  ): Promise<void> {
    const id = uuidv7(clock.now())
    const sealed = opener.seal.seal(secretText(secret), sealContext('endpoint_secret', id))
    await run(
      db,
      tables
        .insertInto('endpoint_secret')
        .values({ id, tenant_id: tenantId, endpoint_id: endpointId, sealed, expires_at: null }),
    )
  }

  async function insert(
    db: Queryable,
    scope: AppScope,
    app: AppFacts,
    settings: EndpointSettings,
    secret: Secret | null,
  ): Promise<Endpoint> {
    checkDialectOptions(settings.dialect ?? 'standard', settings.dialectOptions, rules)
    const id = uuidv7(clock.now())
    const values = {
      id,
      tenant_id: scope.tenantId,
      app_id: scope.appId,
      url: settings.url!,
      disabled_reason: settings.disabled ? BY_HAND : null,
    }
    await run(db, tables.insertInto('endpoint').values({ ...columns(settings, id), ...values }))
    if (secret) await insertSecret(db, scope.tenantId, id, secret)
    const endpoint = await reread(db, scope, id)
    await signal(db, 'endpoint.created', endpoint, app)
    return endpoint
  }

  async function change(
    db: Queryable,
    app: AppFacts,
    before: Endpoint,
    settings: EndpointSettings & { paused?: boolean },
  ): Promise<Endpoint> {
    checkDialectOptions(settings.dialect ?? before.dialect, settings.dialectOptions, rules)
    const turned = settings.disabled !== undefined && settings.disabled !== before.disabled
    const update = tables.updateTable('endpoint').set((to) => ({
      ...columns(settings, before.id),
      ...(settings.paused !== undefined && { paused: settings.paused }),
      ...(turned && { disabled_reason: settings.disabled ? BY_HAND : null }),
      updated_at: to.fn<Date>('now'),
    }))
    await run(db, update.where('id', '=', before.id))
    // What an address did says nothing of another one, and an endpoint that is enabled again starts with a clean slate: it would
    // otherwise be disabled at its next failure for the days it has been failing.
    if (
      (turned && !settings.disabled) ||
      (settings.url !== undefined && settings.url !== before.url)
    ) {
      await run(db, tables.deleteFrom('endpoint_health').where('endpoint_id', '=', before.id))
    }
    const after = await reread(db, before, before.id)
    await signal(db, 'endpoint.updated', after, app)
    if (turned && settings.disabled)
      await signal(db, 'endpoint.disabled', after, app, {
        failingSinceMs: null,
        reason: BY_HAND,
        trigger: 'manual',
      })
    if (turned && !settings.disabled) await signal(db, 'endpoint.enabled', after, app)
    return after
  }

  function columns(settings: EndpointSettings, id: string) {
    return {
      ...(settings.url !== undefined && { url: settings.url }),
      ...(settings.uid !== undefined && { uid: settings.uid }),
      ...(settings.description !== undefined && { description: settings.description }),
      ...(settings.eventTypes !== undefined && { event_types: settings.eventTypes }),
      ...(settings.channels !== undefined && { channels: settings.channels }),
      ...(settings.metadata !== undefined && { metadata: settings.metadata }),
      ...(settings.headers !== undefined && { headers_sealed: sealHeaders(settings.headers, id) }),
      ...(settings.disabled !== undefined && { disabled: settings.disabled }),
      ...(settings.throttleRate !== undefined && { throttle_rate: settings.throttleRate }),
      ...(settings.throttleWindowMs !== undefined && {
        throttle_window_ms: settings.throttleWindowMs,
      }),
      ...(settings.dialect !== undefined && { dialect: settings.dialect }),
      ...(settings.dialectOptions !== undefined && { dialect_options: settings.dialectOptions }),
      ...(settings.retryScheduleMs !== undefined && {
        retry_schedule_ms: settings.retryScheduleMs,
      }),
      ...(settings.timeoutMs !== undefined && { timeout_ms: settings.timeoutMs }),
      ...(settings.maxInFlight !== undefined && { max_in_flight: settings.maxInFlight }),
      ...(settings.ordering !== undefined && { ordering: settings.ordering }),
      ...(settings.priority !== undefined && { priority: settings.priority }),
      ...(settings.filter !== undefined && { filter: settings.filter }),
      ...(settings.signatureHeaders !== undefined && {
        signature_headers: settings.signatureHeaders,
      }),
      ...(settings.circuit !== undefined && { circuit: settings.circuit }),
      ...(settings.transform !== undefined && { transform: settings.transform }),
      ...(settings.batch !== undefined && { batch: settings.batch }),
      ...(settings.onExhausted !== undefined && { on_exhausted: settings.onExhausted }),
      ...(settings.oversize !== undefined && { oversize: settings.oversize }),
      ...(settings.chatFilter !== undefined && { chat_filter: settings.chatFilter }),
    }
  }

  function sealHeaders(headers: Record<string, string>, id: string): Buffer | null {
    if (Object.keys(headers).length === 0) return null
    return opener.seal.seal(JSON.stringify(headers), sealContext('endpoint_headers', id))
  }

  return { write, held, signal, secretFor, insertSecret, insert, change }
}

export function byIdOrUid(idOrUid: string): { id: string } | { uid: string } {
  const id = readId('endpoint', idOrUid)
  return id === undefined ? { uid: idOrUid } : { id }
}

export function missing(idOrUid: string): never {
  throw new PomboError('not_found', { what: 'endpoint', id: idOrUid })
}

import { type Clock, iso } from '../../../core/clock.ts'
import type { Endpoint, SignatureHeaders } from '../../../core/endpoint.ts'
import { type EndpointDefaults, usualMaxInFlight } from '../../../core/endpoint-defaults.ts'
import { invalid, PomboError, missing } from '../../../core/error.ts'
import { showId, uuidv7 } from '../../../core/id.ts'
import { type Secret, secretText } from '../../../core/secret.ts'
import type { Pool, Queryable } from '../../../db/pool.ts'
import { sealContext } from '../../../db/reseal.ts'
import { noteSignals } from '../../../db/signals.ts'
import type { AppScope } from '../../apps/app.ts'
import type { Note, Write } from '../../writer.ts'
import { changedTls, checkAccess } from '../access.ts'
import {
  byIdOrUid,
  endpoints,
  findEndpoint,
  type Opener,
  type SealedMember,
} from '../rows/store.ts'
import { checkDialectOptions, type EndpointRules, type EndpointSettings } from '../settings.ts'
import { BY_HAND } from '../../../core/disabled.ts'

export interface EndpointsOptions {
  pool: Pool
  clock: Clock
  opener: Opener
  rules: EndpointRules
  /** Where neither the endpoint nor its tenant says anything. */
  signatureHeaders: SignatureHeaders
  defaults: EndpointDefaults
  write: Write
}

/** What operational events say of the endpoint's app, and what its new endpoints take over. */
export interface AppFacts {
  uid: string | null
  kind: 'app' | 'operational'
  /** The tenant's default. */
  signatureHeaders: SignatureHeaders | null
  defaults: EndpointDefaults | null
  /** Of the transaction that changes the endpoint. */
  note: Note
}

/** What `endpoint.disabled` says besides. */
interface Disabled {
  failingSinceMs: number | null
  reason: string
  trigger: 'manual' | 'automatic'
}

/** The operational events that changes of endpoints cause. */
export type EndpointEvent =
  | { type: 'endpoint.created' | 'endpoint.updated' | 'endpoint.deleted' | 'endpoint.enabled' }
  | ({ type: 'endpoint.disabled' } & Disabled)

export type EndpointWriter = ReturnType<typeof createEndpointWriter>

/**
 * What every change of an endpoint is made of: one transaction with the rows, the operational event and the note to the
 * other nodes.
 */
export function createEndpointWriter({
  clock,
  opener,
  rules,
  signatureHeaders,
  defaults,
  write: writeNoted,
}: EndpointsOptions) {
  async function write<T>(
    { tenantId, appId }: AppScope,
    change: (db: Queryable, app: AppFacts) => Promise<T>,
  ): Promise<T> {
    return await writeNoted(async (db, note) => {
      // Held against being deleted meanwhile, not against other changes.
      const { rows } = await db.query<Omit<AppFacts, 'note'>>(
        /* sql */ `
          select a.uid, a.kind, t.signature_headers as "signatureHeaders", t.endpoint_defaults as defaults
            from app a join tenant t on t.id = a.tenant_id
           where a.tenant_id = $1 and a.id = $2
             for key share of a`,
        [tenantId, appId],
      )
      if (!rows[0]) throw new PomboError('not_found', { what: 'application', id: appId })
      return await change(db, { ...rows[0], note })
    })
  }

  /** The endpoint, its row locked. */
  async function held(db: Queryable, scope: AppScope, idOrUid: string): Promise<Endpoint> {
    return (
      (await findEndpoint(db, opener, scope, byIdOrUid(idOrUid), true)) ??
      missing('endpoint', idOrUid)
    )
  }

  /** The same, to change a part of what is sealed: what does not open would be taken for none, and written over. */
  async function heldOpen(db: Queryable, scope: AppScope, idOrUid: string): Promise<Endpoint> {
    const strict = {
      seal: opener.seal,
      unreadable(error: unknown): never {
        throw error
      },
    }
    return (
      (await findEndpoint(db, strict, scope, byIdOrUid(idOrUid), true)) ??
      missing('endpoint', idOrUid)
    )
  }

  async function reread(db: Queryable, scope: AppScope, id: string): Promise<Endpoint> {
    return (await findEndpoint(db, opener, scope, { id }))!
  }

  /**
   * Notes for the other nodes which endpoint was changed, and the operational events, with data as Svix has it; none
   * about the operational endpoints themselves, which must not cause what they are sent. Svix's schema wants
   * `failSince` even where a person disabled the endpoint, so it is then the moment itself.
   */
  async function noteEndpoint(
    db: Queryable,
    endpoint: Endpoint,
    app: AppFacts,
    events: readonly EndpointEvent[],
  ): Promise<void> {
    await app.note('app', endpoint.appId, endpoint.id)
    if (app.kind === 'operational') return
    const nowMs = clock.now()
    const signals = events.map((event) => ({
      tenantId: endpoint.tenantId,
      type: event.type,
      data: {
        appId: showId('app', endpoint.appId),
        appUid: app.uid,
        endpointId: showId('endpoint', endpoint.id),
        endpointUid: endpoint.uid,
        ...(event.type === 'endpoint.disabled' && {
          failSince: iso(event.failingSinceMs ?? nowMs),
          trigger: event.trigger,
          reason: event.reason,
        }),
      },
    }))
    await noteSignals(db, signals, nowMs)
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
    await db.query(
      'insert into endpoint_secret (id, tenant_id, endpoint_id, sealed) values ($1, $2, $3, $4)',
      [id, tenantId, endpointId, sealed],
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
    const { url = '', headers = {}, auth = null } = settings
    const tls = changedTls(null, settings.tls)
    checkAccess({ url, headers, auth, tls }, settings, clock.now())
    await endpoints.insert(db, {
      signatureHeaders: app.signatureHeaders ?? signatureHeaders,
      maxInFlight: app.defaults?.maxInFlight ?? defaults.maxInFlight ?? usualMaxInFlight,
      ...stored({ ...settings, tls }, id),
      disabledReason: settings.disabled ? BY_HAND : null,
      id,
      tenantId: scope.tenantId,
      appId: scope.appId,
    })
    if (secret) await insertSecret(db, scope.tenantId, id, secret)
    const endpoint = await reread(db, scope, id)
    await noteEndpoint(db, endpoint, app, [{ type: 'endpoint.created' }])
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
    const { tls: change, ...others } = settings
    const tls = changedTls(before.tls, change)
    const { url = before.url, headers = before.headers, auth = before.auth } = settings
    checkAccess({ url, headers, auth, tls }, settings, clock.now())
    await endpoints.update(
      db,
      { id: before.id },
      {
        ...stored(change === undefined ? others : { ...others, tls }, before.id),
        ...(turned && { disabledReason: settings.disabled ? BY_HAND : null }),
      },
    )
    // What an address did says nothing of another one, and an endpoint that is enabled again starts with a clean slate:
    // it would otherwise be disabled at its next failure for the days it has been failing.
    if (
      (turned && !settings.disabled) ||
      (settings.url !== undefined && settings.url !== before.url) ||
      settings.destination != null
    ) {
      await db.query('delete from endpoint_health where endpoint_id = $1', [before.id])
    }
    const after = await reread(db, before, before.id)
    const events: EndpointEvent[] = [{ type: 'endpoint.updated' }]
    if (turned)
      events.push(
        settings.disabled
          ? {
              type: 'endpoint.disabled',
              failingSinceMs: null,
              reason: BY_HAND,
              trigger: 'manual',
            }
          : { type: 'endpoint.enabled' },
      )
    await noteEndpoint(db, after, app, events)
    return after
  }

  /** The settings as the row holds them; a secret is in a table of its own. */
  function stored<Settings extends EndpointSettings>(
    { headers, auth, tls, destination, ...others }: Settings,
    id: string,
  ) {
    return {
      ...others,
      ...(headers && { headers: sealed('headers', headers, id) }),
      ...(auth !== undefined && { auth: sealed('auth', auth, id) }),
      ...(tls !== undefined && { tls: sealed('tls', tls, id) }),
      ...(destination !== undefined && { destination: sealed('destination', destination, id) }),
    }
  }

  function sealed(member: SealedMember, value: object | null, id: string): Buffer | null {
    if (value === null || Object.keys(value).length === 0) return null
    return opener.seal.seal(JSON.stringify(value), sealContext(`endpoint_${member}`, id))
  }

  return { write, held, heldOpen, noteEndpoint, secretFor, insertSecret, insert, change }
}

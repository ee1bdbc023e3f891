import { actingAs } from '../../core/acting.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { missing } from '../../core/error.ts'
import { readId } from '../../core/id.ts'
import type { ListOptions, Page } from '../../db/table.ts'
import type { AppScope } from '../apps/app.ts'
import { createCredentials } from './credentials/store.ts'
import { checkPathUid } from '../checks.ts'
import { byIdOrUid, endpoints, findEndpoint, listEndpoints } from './rows/store.ts'
import { concernsDestination, tryDestination, withDestination } from './destination.ts'
import { checkEndpointSettings, type EndpointSettings } from './settings.ts'
import { createEndpointWriter, type EndpointsOptions } from './writer/store.ts'

export type Endpoints = ReturnType<typeof createEndpoints>

/** Endpoints of an app. `idOrUid` is a shown id (`ep_…`), or the caller's own uid; a miss is `not_found`. */
export function createEndpoints(options: EndpointsOptions) {
  const { pool, opener, rules } = options
  const writer = createEndpointWriter(options)
  const { write, held, heldOpen, noteEndpoint, secretFor, insert, change } = writer

  const turn = async (
    scope: AppScope,
    idOrUid: string,
    to: { paused: boolean } | { disabled: boolean },
  ): Promise<Endpoint> =>
    await write(scope, async (db, app) => await change(db, app, await held(db, scope, idOrUid), to))

  const stored = async (scope: AppScope, idOrUid: string): Promise<Endpoint | undefined> =>
    await findEndpoint(pool, opener, scope, byIdOrUid(idOrUid))

  const settled = async <Settings extends EndpointSettings>(
    scope: AppScope,
    idOrUid: string,
    asked: Settings,
  ): Promise<{ settings: Settings; kept: Endpoint | undefined }> => {
    const kept = concernsDestination(asked) ? await stored(scope, idOrUid) : undefined
    return { settings: withDestination(asked, kept, rules.destinations), kept }
  }

  return {
    ...createCredentials(options, writer),

    find: stored,

    get: async (scope: AppScope, idOrUid: string): Promise<Endpoint> =>
      (await stored(scope, idOrUid)) ?? missing('endpoint', idOrUid),

    list: async (scope: AppScope, page: ListOptions): Promise<Page<Endpoint>> =>
      await listEndpoints(pool, opener, scope, page),

    /** Needs the `url` at least. `conflict` when the uid is taken; `validation` names every field at fault. */
    async create(scope: AppScope, asked: EndpointSettings): Promise<Endpoint> {
      const settings = withDestination(asked, undefined, rules.destinations)
      await checkEndpointSettings(settings, rules, true)
      await tryDestination(settings, undefined, rules.destinations)
      const secret = secretFor(settings.dialect ?? 'standard', settings.secret, 'secret')
      return await write(scope, async (db, app) => await insert(db, scope, app, settings, secret))
    },

    /**
     * Sets the endpoint, or makes it where it is missing (see Apps.put for its uid). Fields of Svix's API that are left
     * out take their defaults; Pombo's own stay as they are, because a Svix client does not know them and must not undo
     * them. Secret and headers have paths of their own.
     */
    async put(
      scope: AppScope,
      idOrUid: string,
      asked: EndpointSettings,
    ): Promise<{ endpoint: Endpoint; created: boolean }> {
      const { settings, kept } = await settled(scope, idOrUid, asked)
      // One that has a destination is given back with the URL that it shows, which is not checked again.
      await checkEndpointSettings(settings, rules, asked.url === undefined)
      await tryDestination(settings, kept, rules.destinations)
      const shown = readId('endpoint', idOrUid) !== undefined
      const pathUid = shown ? null : idOrUid
      const { secret: givenSecret, ...given } = settings
      const whole = {
        description: '',
        eventTypes: null,
        channels: null,
        metadata: {},
        disabled: false,
        throttleRate: null,
        ...given,
      }
      return await write(scope, async (db, app) => {
        const found = await findEndpoint(db, opener, scope, byIdOrUid(idOrUid), true)
        if (found) {
          const uid = settings.uid === undefined ? pathUid : settings.uid
          return { endpoint: await change(db, app, found, { ...whole, uid }), created: false }
        }
        if (shown) missing('endpoint', idOrUid)
        if (settings.uid == null) checkPathUid(pathUid!, 'endpoint_id')
        const made = { ...whole, uid: settings.uid ?? pathUid }
        await checkEndpointSettings({ uid: made.uid }, rules)
        const secret = secretFor(settings.dialect ?? 'standard', givenSecret, 'secret')
        return { endpoint: await insert(db, scope, app, made, secret), created: true }
      })
    },

    async patch(
      scope: AppScope,
      idOrUid: string,
      asked: Omit<EndpointSettings, 'secret'>,
    ): Promise<Endpoint> {
      const { settings, kept } = await settled(scope, idOrUid, asked)
      await checkEndpointSettings(settings, rules)
      await tryDestination(settings, kept, rules.destinations)
      const find = settings.tls ? heldOpen : held
      return await write(
        scope,
        async (db, app) => await change(db, app, await find(db, scope, idOrUid), settings),
      )
    },

    /** Its secrets go with it; deliveries that are still open the engine discards when it comes to them. */
    async delete(scope: AppScope, idOrUid: string): Promise<void> {
      await write(scope, async (db, app) => {
        const endpoint = await held(db, scope, idOrUid)
        await endpoints.delete(db, { id: endpoint.id })
        await noteEndpoint(db, endpoint, app, [{ type: 'endpoint.deleted' }])
      })
    },

    /** Keeps queueing, sends nothing. */
    pause: async (scope: AppScope, idOrUid: string): Promise<Endpoint> =>
      await turn(scope, idOrUid, { paused: true }),
    /** Sends what has waited. */
    resume: async (scope: AppScope, idOrUid: string): Promise<Endpoint> =>
      await turn(scope, idOrUid, { paused: false }),
    enable: async (scope: AppScope, idOrUid: string): Promise<Endpoint> =>
      await turn(scope, idOrUid, { disabled: false }),

    /**
     * Disables by what deliveries showed (a 410, days without a success), by UUID; false when it was deleted or
     * disabled already. `reason` is kept and shown.
     */
    async disable(
      scope: AppScope,
      endpointId: string,
      why: { reason: string; failingSinceMs: number | null },
    ): Promise<boolean> {
      const disabling = async () =>
        await write(scope, async (db, app) => {
          const endpoint = await findEndpoint(db, opener, scope, { id: endpointId }, true)
          if (!endpoint || endpoint.disabled) return false
          await endpoints.update(
            db,
            { id: endpointId },
            { disabled: true, disabledReason: why.reason },
          )
          const event = { type: 'endpoint.disabled', ...why, trigger: 'automatic' } as const
          await noteEndpoint(db, endpoint, app, [event])
          return true
        })
      // The delivery that showed it may still run under the request that brought its message.
      return await actingAs({}, disabling)
    },
  }
}

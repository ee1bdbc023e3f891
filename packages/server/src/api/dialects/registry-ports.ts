import { PomboError, relocated } from '../../core/error.ts'
import { readId, showId } from '../../core/id.ts'
import type { Caller } from '../../dialects/contract/caller.ts'
import type { DialectApp } from '../../dialects/contract/caller.ts'
import type { AppsPort, EndpointChanges, EndpointsPort } from '../../dialects/contract/ports.ts'
import { refuseUnknownTypes } from '../endpoints/event-types.ts'
import { type PortDeps, uuidFrom } from './ports.ts'
import { currentActor } from '../../core/acting.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { seesAll, shownUrl } from '../shown-url.ts'
import { listApps, listEndpointIds } from './selection/store.ts'

export function appsPort({ db, registry }: PortDeps): AppsPort {
  const { apps } = registry
  const reach = (caller: Caller, app: DialectApp | undefined) =>
    app !== undefined && (caller.appId === null || caller.appId === app.id) ? app : undefined
  const whole = (caller: Caller) => {
    if (caller.appId !== null)
      throw new PomboError('permission_denied', {
        detail: 'it reaches one app only, and this would make another.',
      })
  }
  return {
    find: async (caller, uid) => reach(caller, await apps.find(caller.tenantId, uid)),
    async ensure(caller, uid, settings = {}, at = ['body', 'uid']) {
      const found = await apps.find(caller.tenantId, uid)
      if (found && reach(caller, found)) return found
      whole(caller)
      try {
        return (await apps.getOrCreate(caller.tenantId, { name: uid, ...settings, uid })).app
      } catch (error) {
        throw relocated(error, (loc) => (loc[1] === 'uid' ? [...at] : loc))
      }
    },
    async create(caller, settings) {
      whole(caller)
      return await apps.create(caller.tenantId, settings)
    },
    async patch(caller, appId, settings) {
      return await apps.patch(caller.tenantId, inReach(caller, appId), settings)
    },
    async delete(caller, appId) {
      await apps.delete(caller.tenantId, inReach(caller, appId))
    },
    list: async (caller, query) => await listApps(db, caller, query),
  }
}

/** The shown id of an app that the caller reaches. */
function inReach(caller: Caller, appId: string): string {
  const shown = showId('app', appId)
  if (caller.appId !== null && caller.appId !== appId)
    throw new PomboError('not_found', { what: 'app', id: shown })
  return shown
}

export function endpointsPort({ db, registry }: PortDeps): EndpointsPort {
  const { endpoints, cache } = registry
  const scopeOf = (app: DialectApp) => ({ tenantId: app.tenantId, appId: app.id })
  const shown = (endpointId: string) => showId('endpoint', endpointId)

  const ofApp = async (app: DialectApp) =>
    withoutSecrets((await cache.routes(app.tenantId, app.id))?.endpoints ?? [])

  async function found(ids: string[]) {
    const known = await cache.endpoints(ids)
    return ids.flatMap((id) => {
      const one = known.get(id)
      if (one === undefined) return []
      return withoutSecrets([one.endpoint]).map((endpoint) => ({ endpoint, app: one.app }))
    })
  }

  async function setSecret(app: DialectApp, endpointId: string, secret: string | null) {
    const scope = scopeOf(app)
    const current = await endpoints.secret(scope, shown(endpointId))
    if (secret === null) {
      if (current) await endpoints.removeSecrets(scope, shown(endpointId))
    } else if (current?.text !== secret) {
      // One that signed before and is being taken back would be refused as known.
      if (current) await endpoints.removeSecrets(scope, shown(endpointId))
      await endpoints.rotateSecret(scope, shown(endpointId), { key: secret, overlapMs: 0 })
    }
  }

  return {
    ofApp,
    async find(app, uid) {
      const id = readId('endpoint', uid)
      return (await ofApp(app)).find((one) => (id === undefined ? one.uid === uid : one.id === id))
    },
    refuseUnknownTypes: async (caller, names, { at, kept }) =>
      await refuseUnknownTypes(registry.eventTypes, caller, names, { at, kept: async () => kept }),
    create: async (app, changes) => await endpoints.create(scopeOf(app), changes),
    async patch(app, endpointId, changes) {
      const { secret, ...settings }: EndpointChanges = changes
      const patched = await endpoints.patch(scopeOf(app), shown(endpointId), settings)
      if (secret === undefined) return patched
      await setSecret(app, endpointId, secret)
      return await endpoints.get(scopeOf(app), shown(endpointId))
    },
    delete: async (app, endpointId) => await endpoints.delete(scopeOf(app), shown(endpointId)),
    secret: async (app, endpointId) => await endpoints.secret(scopeOf(app), shown(endpointId)),
    async list(caller, query) {
      const { ids, total } = await listEndpointIds(db, caller, query)
      return { rows: await found(ids), total }
    },
    async byId(caller, text) {
      const id = uuidFrom('endpoint', text)
      if (id === undefined) return undefined
      const { ids } = await listEndpointIds(db, caller, { id, limit: 1 })
      return (await found(ids))[0]
    },
  }
}

/**
 * For who looks and may not change: the names of the headers that were set, any of which may be a credential, and
 * addresses without what opens them.
 */
function withoutSecrets(all: readonly Endpoint[]): readonly Endpoint[] {
  if (currentActor().needs !== 'read' || seesAll()) return all
  return all.map((endpoint) => ({
    ...endpoint,
    url: shownUrl(endpoint.url),
    headers: Object.fromEntries(Object.keys(endpoint.headers).map((name) => [name, '(hidden)'])),
  }))
}

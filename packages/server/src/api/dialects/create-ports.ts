import { currentActor, nameActor } from '../../core/acting.ts'
import { unauthenticated } from '../../core/key-form.ts'
import type { DialectPorts } from '../../dialects/contract/ports.ts'
import { permit } from '../access.ts'
import { requireRole } from '../roles.ts'
import { gatewaysPort } from './gateway-port.ts'
import { devicesPort } from './device-port.ts'
import { attemptsPort, deliveriesPort, messagesPort } from './log-ports.ts'
import { deleteNote, getNote, listNotes, putNote } from './notes/store.ts'
import type { PortDeps } from './ports.ts'
import { appsPort, endpointsPort } from './registry-ports.ts'
import { retriesPort } from './retry-port.ts'

/** The ports of dialects/contract/ports.ts, on the registry, the queue's and the log's tables, and ingest. */
export function createDialectPorts(deps: PortDeps): DialectPorts {
  const { db, registry } = deps
  let operatorId: string | undefined
  return {
    clock: deps.clock,
    serverUrl: deps.serverUrl,
    async authenticate(key, form) {
      if (key === undefined || key === '') throw unauthenticated('None came in this form.', form)
      const holder = await registry.cache.key(key)
      if (holder === undefined) throw unauthenticated('This key is not known.', form)
      if (holder.refused !== null)
        throw unauthenticated(
          holder.refused === 'revoked' ? 'This key was revoked.' : 'This key has expired.',
          form,
        )
      permit('app', holder, undefined)
      requireRole(holder.role, currentActor().needs ?? 'administer')
      nameActor({ keyId: holder.keyId, role: holder.role })
      const { tenantId, appId, featureFlags } = holder
      return { tenantId, appId, featureFlags }
    },
    async counts(key) {
      const holder = await registry.cache.key(key)
      return holder !== undefined && holder.refused === null
    },
    async operator() {
      // The first tenant stays the first: ids grow with time.
      operatorId ??= (await registry.tenants.list({ limit: 1, order: 'ascending' })).rows[0]?.id
      if (operatorId === undefined) throw new Error('there is no tenant')
      return { tenantId: operatorId, appId: null, featureFlags: null }
    },
    apps: appsPort(deps),
    endpoints: endpointsPort(deps),
    accept: deps.accept,
    gateways: gatewaysPort(deps.intake),
    deliveries: deliveriesPort(deps),
    attempts: attemptsPort(deps),
    retries: retriesPort(deps),
    messages: messagesPort(deps),
    notes: {
      get: async (caller, dialect, key) => await getNote(db, caller.tenantId, dialect, key),
      put: async (caller, dialect, key, value) =>
        await putNote(db, caller.tenantId, dialect, key, value),
      delete: async (caller, dialect, key) => await deleteNote(db, caller.tenantId, dialect, key),
      list: async (caller, dialect, prefix) =>
        await listNotes(db, caller.tenantId, dialect, prefix),
    },
    devices: devicesPort(deps),
    liveNodes: deps.liveNodes,
    probe: deps.send,
    urlProblem: deps.urlProblem,
    isAway: deps.isAway,
    report: deps.report,
  }
}

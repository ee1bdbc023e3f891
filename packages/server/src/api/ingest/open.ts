import type { ChangeKind } from '../../db/changes.ts'
import type { Registry } from '../../registry/registry.ts'
import { permit } from '../access.ts'
import { requireRole } from '../roles.ts'
import type { IntakeDeps } from '../../sources/intake/deps.ts'
import { Intake } from '../../sources/intake/intake.ts'

type Rest = Omit<
  IntakeDeps,
  'holderOf' | 'appIdOf' | 'makeApp' | 'changed' | 'onAppChange' | 'onNamesErased'
>

/** The intake, standing on the registry: sessions are its apps, and its keys may send in too. */
export function openIntake({ registry, ...rest }: Rest & { registry: Registry }): Intake {
  const { apps, cache } = registry
  const hearing = (kind: ChangeKind) => (listener: (appId: string | undefined) => void) => {
    cache.onChange((change) => {
      if (change.kind === 'everything') listener(undefined)
      // What is kept here says nothing of endpoints.
      else if (change.kind === kind && change.endpointId === undefined) listener(change.key)
    })
  }
  return new Intake({
    ...rest,
    async holderOf(key) {
      const holder = await cache.key(key)
      if (holder === undefined || holder.refused !== null) return holder
      permit('app', holder, undefined, 'send')
      requireRole(holder.role, 'operate')
      return holder
    },
    appIdOf: async (tenantId, idOrUid) => await cache.appIdOf(tenantId, idOrUid),
    makeApp: async (tenantId, uid) => (await apps.getOrCreate(tenantId, { name: uid, uid })).app.id,
    changed: (appId) => cache.invalidate('app', appId),
    onAppChange: hearing('app'),
    onNamesErased: hearing('profile'),
  })
}

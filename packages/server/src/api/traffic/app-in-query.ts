import { PomboError } from '../../core/error.ts'
import type { Holder } from '../access.ts'
import type { Needs } from '../route-deps.ts'

/**
 * The uuid of the app that a query names, within reach of who asks; null: all of the tenant's. A token of one app asks
 * of that alone, and to it no other exists.
 */
export async function appInQuery(
  { appIdOf }: Needs<'appIdOf'>,
  { tenantId, appId: own }: Holder,
  shown: string | null | undefined,
): Promise<string | null> {
  if (shown == null) return own
  const found = await appIdOf(tenantId, shown)
  if (found === undefined || (own !== null && own !== found))
    throw new PomboError('not_found', { what: 'app', id: shown })
  return found
}

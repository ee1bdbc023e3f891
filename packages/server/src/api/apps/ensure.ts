import type { z } from 'zod'
import { invalid, PomboError } from '../../core/error.ts'
import type { Apps } from '../../registry/apps/store.ts'
import { defined } from '../field.ts'
import type { applicationIn } from './schema.ts'
import { say } from '../../core/sentences/sentences.ts'

export interface AppFinder {
  apps: Apps
  appIdOf: (tenantId: string, idOrUid: string) => Promise<string | undefined>
}

/**
 * The uuid of the app that a path names. Where it is missing and the request brings an application along, that is
 * created under the path's uid; where it is there, what the request brings is ignored, as Svix does.
 */
export async function existingOrNewApp(
  { apps, appIdOf }: AppFinder,
  tenantId: string,
  idOrUid: string,
  brought: z.output<typeof applicationIn> | null | undefined,
): Promise<string> {
  const found = await appIdOf(tenantId, idOrUid)
  if (found !== undefined) return found
  if (brought == null) throw new PomboError('not_found', { what: 'application', id: idOrUid })
  if (brought.uid !== idOrUid)
    throw invalid(['body', 'application', 'uid'], say('uid_of_path', { id: idOrUid }))
  const { app } = await apps.getOrCreate(tenantId, defined(brought))
  return app.id
}

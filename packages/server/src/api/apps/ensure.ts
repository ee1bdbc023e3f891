import type { z } from 'zod'
import { defined } from '../../core/defined.ts'
import { invalid, PomboError, relocated } from '../../core/error.ts'
import { type MaybeLater, whenThere } from '../../core/when-there.ts'
import type { Needs } from '../route-deps.ts'
import type { applicationIn } from './schema.ts'
import { say } from '../../core/sentences/sentences.ts'

type AppFinder = Needs<'apps' | 'appIdOf'>

/**
 * The uuid of the app that a path names. Where it is missing and the request brings an application along, that is
 * created under the path's uid; where it is there, what the request brings is ignored, as Svix does.
 */
export function existingOrNewApp(
  finder: AppFinder,
  tenantId: string,
  idOrUid: string,
  brought: z.output<typeof applicationIn> | null | undefined,
): MaybeLater<string> {
  return whenThere(
    finder.appIdOf(tenantId, idOrUid),
    (found) => found ?? newApp(finder, tenantId, idOrUid, brought),
  )
}

async function newApp(
  { apps }: AppFinder,
  tenantId: string,
  idOrUid: string,
  brought: z.output<typeof applicationIn> | null | undefined,
): Promise<string> {
  if (brought == null) throw new PomboError('not_found', { what: 'application', id: idOrUid })
  if (brought.uid !== idOrUid)
    throw invalid(['body', 'application', 'uid'], say('uid_of_path', { id: idOrUid }))
  try {
    return (await apps.getOrCreate(tenantId, defined(brought))).app.id
  } catch (error) {
    throw relocated(error, ([body, ...loc]) => [body!, 'application', ...loc])
  }
}

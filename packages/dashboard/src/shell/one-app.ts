import { useQuery } from '@tanstack/react-query'
import { appsQuery } from '../api/apps.ts'
import { useSession } from '../session/session.ts'
import { useScope } from './scope.ts'

/** The app of a page that is about one: the chosen one, else the first; undefined: there is none, or not yet. */
export function useOneApp(): { app: string | undefined; pending: boolean } {
  const scope = useScope()
  const { kind } = useSession()
  const apps = useQuery({ ...appsQuery, enabled: kind === 'account' && scope === undefined })
  return { app: scope ?? apps.data?.[0]?.id, pending: scope === undefined && apps.isPending }
}

import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, ask } from './client.ts'
import { useSession } from '../session/session.ts'
import type { App } from './shapes.ts'

const PAGE = 250
/** So many apps are offered to choose from; the others are found by their address. */
const OFFERED = 1_000

export const appsQuery = queryOptions({
  queryKey: ['apps', 'offered'],
  staleTime: 60_000,
  queryFn: async () => {
    const apps: App[] = []
    let iterator: string | undefined
    do {
      const query = { limit: PAGE, ...(iterator !== undefined && { iterator }) }
      const page = await ask(api.GET('/api/v1/app', { params: { query } }))
      apps.push(...page.data)
      iterator = page.done ? undefined : (page.iterator ?? undefined)
    } while (iterator !== undefined && apps.length < OFFERED)
    return apps
  },
})

/** An app's name by its id, where it is among those that were read; who sees one app alone reads no others. */
export function useAppName(): (id: string) => string {
  const { kind } = useSession()
  const apps = useQuery({ ...appsQuery, enabled: kind === 'account' })
  const names = new Map((apps.data ?? []).map(({ id, name }) => [id, name]))
  return (id) => names.get(id) ?? id
}

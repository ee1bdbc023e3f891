import { queryOptions } from '@tanstack/react-query'
import { api, ask } from '../../api/client.ts'

/** The latest endpoints, to choose from and to be called by their addresses. */
export function offeredEndpointsQuery(app: string | undefined) {
  return queryOptions({
    queryKey: ['endpoints', 'offered', app],
    staleTime: 60_000,
    queryFn: async () => {
      const query = { limit: 100, ...(app !== undefined && { app_id: app }) }
      return (await ask(api.GET('/api/v1/search/endpoint', { params: { query } }))).data
    },
  })
}

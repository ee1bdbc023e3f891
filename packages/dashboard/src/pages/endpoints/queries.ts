import { queryOptions } from '@tanstack/react-query'
import { api, ask } from '../../api/client.ts'
import type { Endpoint } from '../../api/shapes.ts'

export function endpointQuery(app: string, id: string) {
  return queryOptions({
    queryKey: ['endpoint', app, id],
    refetchInterval: 10_000,
    queryFn: async () =>
      await ask(
        api.GET('/api/v1/app/{app_id}/endpoint/{endpoint_id}', {
          params: { path: { app_id: app, endpoint_id: id } },
        }),
      ),
  })
}

export function endpointStatsQuery(app: string, id: string) {
  return queryOptions({
    queryKey: ['endpoint', app, id, 'stats'],
    refetchInterval: 10_000,
    queryFn: async () =>
      await ask(
        api.GET('/api/v1/app/{app_id}/endpoint/{endpoint_id}/stats', {
          params: { path: { app_id: app, endpoint_id: id } },
        }),
      ),
  })
}

export function endpointAttemptsQuery(app: string, id: string) {
  return queryOptions({
    queryKey: ['endpoint', app, id, 'attempts'],
    refetchInterval: 5_000,
    queryFn: async () => {
      const params = { path: { app_id: app, endpoint_id: id }, query: { limit: 50 } }
      const page = await ask(
        api.GET('/api/v1/app/{app_id}/attempt/endpoint/{endpoint_id}', { params }),
      )
      return page.data
    },
  })
}

/** So many of an app's endpoints are listed, and searched through in the browser. */
const LISTED = 1_000

export function endpointsQuery(app: string) {
  return queryOptions({
    queryKey: ['endpoints', app],
    refetchInterval: 10_000,
    queryFn: async () => {
      const all: Endpoint[] = []
      let iterator: string | undefined
      do {
        const query = { limit: 250, ...(iterator !== undefined && { iterator }) }
        const params = { path: { app_id: app }, query }
        const page = await ask(api.GET('/api/v1/app/{app_id}/endpoint', { params }))
        all.push(...page.data)
        iterator = page.done ? undefined : (page.iterator ?? undefined)
      } while (iterator !== undefined && all.length < LISTED)
      return all
    },
  })
}

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

/** What holds for an endpoint that says nothing of its own. */
export function defaultsQuery(app: string, dialect: Endpoint['dialect']) {
  return queryOptions({
    queryKey: ['endpoint-defaults', app, dialect],
    enabled: app !== '',
    staleTime: 60_000,
    queryFn: async () =>
      await ask(
        api.GET('/api/v1/app/{app_id}/endpoint-defaults', {
          params: { path: { app_id: app }, query: { dialect } },
        }),
      ),
  })
}

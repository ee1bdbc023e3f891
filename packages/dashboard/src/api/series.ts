import { queryOptions } from '@tanstack/react-query'
import { api, ask } from './client.ts'
import type { SeriesPoint } from './shapes.ts'

export const seriesSpans = ['15m', '1h', '3h', '6h', '24h', '3d', '7d', '30d'] as const
export type SeriesSpan = (typeof seriesSpans)[number]

interface Of {
  app?: string | undefined
  endpoint?: string | undefined
}

export function seriesQuery(span: SeriesSpan, { app, endpoint }: Of) {
  return queryOptions({
    queryKey: ['series', span, app, endpoint],
    refetchInterval: span === '15m' || span === '1h' ? 10_000 : 60_000,
    placeholderData: (before: SeriesPoint[] | undefined) => before,
    queryFn: async (): Promise<SeriesPoint[]> => {
      const query = {
        span,
        ...(app !== undefined && { app_id: app }),
        ...(endpoint !== undefined && { endpoint_id: [endpoint] }),
      }
      const answer = await ask(api.GET('/api/v1/series', { params: { query } }))
      return answer.series[0]?.points ?? []
    },
  })
}

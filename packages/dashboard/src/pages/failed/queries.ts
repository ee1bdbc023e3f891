import { queryOptions } from '@tanstack/react-query'
import { api, ask } from '../../api/client.ts'
import { sinceOf, type Span } from '../messages/search.ts'

/** What failed, in groups: of all that one sees, of an app, an endpoint or a cause. */
export function failuresQuery(of: {
  scope: string | undefined
  span: Span
  group: 'endpoint' | 'cause'
  endpoint?: string | undefined
  cause?: string | undefined
}) {
  const { scope, span, group, endpoint, cause } = of
  return queryOptions({
    queryKey: ['failures', scope, span, group, endpoint, cause],
    refetchInterval: 10_000,
    queryFn: async () => {
      const query = {
        since: sinceOf(span, Date.now()),
        group_by: group,
        ...(scope !== undefined && { app_id: scope }),
        ...(endpoint !== undefined && { endpoint_id: endpoint }),
        ...(cause !== undefined && { cause }),
      }
      return (await ask(api.GET('/api/v1/failure', { params: { query } }))).data
    },
  })
}

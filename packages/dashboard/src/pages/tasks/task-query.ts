import { queryOptions } from '@tanstack/react-query'
import { api, ask } from '../../api/client.ts'

/** Followed until it is over, from wherever it is looked at. */
export function taskQuery(id: string) {
  return queryOptions({
    queryKey: ['tasks', id],
    refetchInterval: (query) => (query.state.data?.status === 'running' ? 1_000 : false),
    queryFn: async () =>
      await ask(
        api.GET('/api/v1/background-task/{task_id}', { params: { path: { task_id: id } } }),
      ),
  })
}

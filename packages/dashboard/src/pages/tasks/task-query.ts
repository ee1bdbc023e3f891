import { queryOptions } from '@tanstack/react-query'
import { api } from '../../api/client.ts'

/** Followed until it is over, from wherever it is looked at. */
export function taskQuery(id: string) {
  return queryOptions({
    queryKey: ['tasks', id],
    refetchInterval: (query) => (query.state.data?.status === 'running' ? 1_000 : false),
    queryFn: async () =>
      await api.get('/api/v1/background-task/{task_id}', { path: { task_id: id } }),
  })
}

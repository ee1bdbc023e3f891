import { queryOptions } from '@tanstack/react-query'
import { api, ask } from './client.ts'

/** The catalogue's names, to choose from. */
export const eventTypeNamesQuery = queryOptions({
  queryKey: ['event-types', 'names'],
  staleTime: 60_000,
  queryFn: async () => {
    const query = { limit: 250 }
    const page = await ask(api.GET('/api/v1/event-type', { params: { query } }))
    return page.data.map(({ name }) => name)
  },
})

import { search } from '../../shell/search.ts'
import { spans } from '../messages/search.ts'

export const failedSearch = search({
  span: spans,
  group: ['endpoint', 'cause'],
  endpoint: 'text',
  cause: 'text',
  state: ['waiting', 'exhausted'],
})

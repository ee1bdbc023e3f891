import { search } from '../../shell/search.ts'

export const systemSearch = search({ q: 'text', settings: ['set'] })

import { changedDatabaseUrl } from './database-url.ts'

/**
 * A URL for people to read: `***` in place of its password. `query` also masks parameters that hold a password or the
 * path of a key, as PostgreSQL's URLs have them.
 */
export function withoutPassword(url: string, { query = false } = {}): string {
  return changedDatabaseUrl(url, (shown) => {
    if (shown.password !== '') shown.password = '***'
    for (const name of query ? shown.searchParams.keys().toArray() : [])
      if (/password|key/i.test(name)) shown.searchParams.set(name, '***')
  })
}

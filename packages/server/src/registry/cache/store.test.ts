import { expect, test } from 'vitest'
import type { Queryable } from '../../db/pool.ts'
import type { Opener } from '../endpoints/rows/store.ts'
import { loadRoutes } from './store.ts'

test('what is read of an app with very many endpoints is made in turns, between which others have theirs', async () => {
  const secrets = [{ id: 'secret', sealed: '', expiresAtMs: null }]
  const endpoints = Array.from({ length: 200 }, (_, id) => ({
    id,
    appId: 'a',
    headers: null,
    secrets,
  }))
  const rows = { 'routes-apps': [{ app: { id: 'a' } }], 'routes-endpoints': endpoints }
  const db = {
    query: ({ name }: { name: keyof typeof rows }) => Promise.resolve({ rows: rows[name] }),
  } as unknown as Queryable
  const seal = {
    open() {
      const until = performance.now() + 0.2
      while (performance.now() < until);
      return `whsec_${Buffer.alloc(24).toString('base64')}`
    },
  }
  const opener = { seal, unreadable: () => {} } as unknown as Opener
  let turns = 0
  let loaded = false
  const count = (): void => {
    turns += 1
    if (!loaded) setImmediate(count)
  }
  setImmediate(count)
  const found = await loadRoutes(db, opener, ['a'], {})
  loaded = true
  expect(found.get('a')!.endpoints.map(({ id }) => id)).toEqual(endpoints.map(({ id }) => id))
  expect(turns).toBeGreaterThan(3)
})

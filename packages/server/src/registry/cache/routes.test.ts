import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AppRoutes, endpointIn } from './routes.ts'

test('an endpoint is found among those of its app wherever it stands, and no other for it', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.uuid()), fc.uuid(), (ids, other) => {
      const routes = { endpoints: ids.toSorted().map((id) => ({ id })) } as AppRoutes
      for (const id of ids) expect(endpointIn(routes, id)).toEqual({ id })
      if (!ids.includes(other)) expect(endpointIn(routes, other)).toBeUndefined()
    }),
  )
})

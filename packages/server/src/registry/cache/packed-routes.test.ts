import fc from 'fast-check'
import { expect, test } from 'vitest'
import { generateSecret, parseOpaqueSecret } from '../../core/secret.ts'
import { packRoutes, unpackRoutes } from './packed-routes.ts'
import type { AppRoutes } from './routes.ts'

const secret = fc
  .constantFrom('v1', 'v1a', 'opaque')
  .map((kind) => (kind === 'opaque' ? opaque() : generateSecret(kind as 'v1' | 'v1a')))
function opaque() {
  const parsed = parseOpaqueSecret('v1:not what it seems')
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.secret
}

const text = fc.string({ unit: 'grapheme' })
const words = fc.dictionary(text, text)
const endpoint = fc.record({
  id: fc.uuid(),
  uid: fc.option(text),
  url: text,
  description: fc.constantFrom('', 'a', 'é', '漢'),
  eventTypes: fc.option(fc.array(text)),
  metadata: words,
  headers: words,
  destination: fc.option(fc.constant({ type: 'redis', url: 'redis://:secret@a' })),
  paused: fc.boolean(),
  maxInFlight: fc.integer(),
  // As the database gives it.
  dialectOptions: fc.dictionary(
    text,
    fc.json().map((json) => JSON.parse(json) as unknown),
  ),
  retryScheduleMs: fc.option(fc.array(fc.nat())),
  secrets: fc.array(fc.record({ secret, expiresAtMs: fc.option(fc.nat()) }), { maxLength: 3 }),
  createdAtMs: fc.nat(),
})
const routes = fc
  .record({
    app: fc.record({ id: fc.uuid(), tenantId: fc.uuid(), uid: fc.option(text), name: text }),
    endpoints: fc.array(endpoint, { maxLength: 5 }),
    health: fc.dictionary(fc.uuid(), fc.record({ circuit: fc.constant('open') })),
  })
  .map(({ app, endpoints, health }) => ({
    app,
    endpoints: endpoints.map((one) => ({ ...one, tenantId: app.tenantId, appId: app.id })),
    health: new Map(Object.entries(health)),
  })) as unknown as fc.Arbitrary<AppRoutes>

test('what was packed is what comes out, secrets that sign included', () => {
  fc.assert(
    fc.property(routes, (given) => {
      expect(unpackRoutes(packRoutes(given))).toEqual(given)
    }),
    { numRuns: 300 },
  )
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { generateSecret, parseOpaqueSecret } from '../../core/secret.ts'
import { routesBytes, routesGrowth } from './heap-size.ts'
import { packRoutes, putPacked, unpackRoutes } from './packed-routes.ts'
import { type AppRoutes, type FoundEndpoints, putEndpoints } from './routes.ts'

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
  ill: fc.boolean(),
  uid: fc.option(text),
  url: text,
  description: fc.constantFrom('', 'a', 'é', '漢'),
  eventTypes: fc.option(fc.array(text)),
  channels: fc.option(fc.array(text)),
  filter: fc.option(text),
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
const app = fc.record({ id: fc.uuid(), tenantId: fc.uuid(), uid: fc.option(text), name: text })
const endpoints = fc.uniqueArray(endpoint, { maxLength: 5, selector: ({ id }) => id })
const routes = fc.tuple(app, endpoints).map(([ofApp, all]) => routesOf(ofApp, all))

function routesOf(ofApp: { id: string; tenantId: string }, all: { id: string; ill: boolean }[]) {
  const ill = all.filter((one) => one.ill)
  return {
    app: ofApp,
    endpoints: all
      .map((one) => ({ ...one, tenantId: ofApp.tenantId, appId: ofApp.id }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    health: new Map(ill.map(({ id }) => [id, { circuit: 'open' }])),
  } as unknown as AppRoutes
}

test('what was packed is what comes out, secrets that sign included', () => {
  fc.assert(
    fc.property(routes, (given) => {
      expect(unpackRoutes(packRoutes(given))).toEqual(given)
    }),
    { numRuns: 300 },
  )
})

test('endpoints put into routes are in their places, whether those are packed or not, and take what they take', () => {
  fc.assert(
    fc.property(
      app,
      endpoints,
      endpoints,
      fc.infiniteStream(fc.boolean()),
      (ofApp, all, made, gone) => {
        const before = routesOf(ofApp, all)
        // Some of those that were there are changed, some are gone, and some that were not there are made.
        const changed = all.map(({ id }, i) => ({ ...(made[i] ?? all[i]!), id }))
        const after = [...changed, ...made].filter(() => !gone.next().value)
        const ids = new Set([...all, ...made].map(({ id }) => id))
        const wanted = routesOf(ofApp, after)
        const found: FoundEndpoints = new Map(
          [...ids].map((id) => {
            const one = wanted.endpoints.find((each) => each.id === id)
            return [id, one && { endpoint: one, health: wanted.health.get(id), app: wanted.app }]
          }),
        )
        const put = putEndpoints(before, found)
        expect(put).toEqual(wanted)
        expect(before).toEqual(routesOf(ofApp, all))
        expect(unpackRoutes(putPacked(packRoutes(before), found))).toEqual(wanted)
        expect(routesBytes(before) + routesGrowth(before, put, ids)).toBe(routesBytes(wanted))
      },
    ),
    { numRuns: 300 },
  )
})

// What two nodes have cached of an app, through random histories of what happens to it and its endpoints.
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { randomUUID } from 'node:crypto'
import { showId } from '../../src/core/id.ts'
import { setCircuit } from '../../src/api/endpoints/store.ts'
import { noteChange } from '../../src/db/changes.ts'
import { createSeal } from '../../src/db/seal.ts'
import type { AppRoutes } from '../../src/registry/cache/routes.ts'
import { loadRoutes } from '../../src/registry/cache/store.ts'
import type { Registry } from '../../src/registry/registry.ts'
import { createTestDatabase } from '../support/database.ts'
import { runs } from '../support/property-runs.ts'
import { randomKey, testRegistry } from '../support/registry.ts'

const seal = createSeal([randomKey()])

type Scope = { tenantId: string; appId: string }
type Change = (node: Registry, scope: Scope, id: string, n: number) => Promise<unknown>

const url = (n: number) => `https://${n}.example/`

test('whatever happens to an app and its endpoints, what nodes have cached is what a fresh load finds', {
  timeout: 300_000,
}, async () => {
  const database = await createTestDatabase()
  onTestFinished(async () => await database.drop())
  const { pool } = database
  const changes: Record<string, Change> = {
    create: (node, scope, _, n) =>
      node.endpoints.create(scope, { url: url(n), headers: { n: `${n}` } }),
    patch: (node, scope, id, n) => node.endpoints.patch(scope, id, { description: `change ${n}` }),
    delete: (node, scope, id) => node.endpoints.delete(scope, id),
    pause: (node, scope, id) => node.endpoints.pause(scope, id),
    rotate: (node, scope, id, n) =>
      node.endpoints.rotateSecret(scope, id, { overlapMs: 60_000 + n }),
    unsign: (node, scope, id) => node.endpoints.removeSecrets(scope, id),
    headers: (node, scope, id, n) => node.endpoints.putHeaders(scope, id, { 'x-n': `${n}` }),
    async circuit(node, scope, id, n) {
      const endpoint = await node.endpoints.get(scope, id)
      const to = n % 2 === 0 ? ({ state: 'open', seconds: n + 1 } as const) : undefined
      await setCircuit(pool, endpoint, to ?? { state: 'closed' })
      node.cache.invalidate('app', scope.appId, endpoint.id)
    },
    app: (node, { tenantId, appId }, _, n) =>
      node.apps.patch(tenantId, showId('app', appId), { name: `app ${n}` }),
    tenant: (node, { tenantId }, _, n) =>
      node.tenants.update(tenantId, { endpointDefaults: { timeoutMs: 1_000 + n } }),
    // As a node of a release before this one tells of it.
    async before(node, scope, _, n) {
      await pool.query('update endpoint set description = $2 where app_id = $1', [
        scope.appId,
        `old ${n}`,
      ])
      await pool.query(`insert into change (kind, key) values ('app', $1)`, [scope.appId])
      node.cache.invalidate('app', scope.appId)
    },
  }
  type Step = { what: string; here: boolean; which: number; waits: boolean }
  const kinds = Object.keys(changes)
  const step: fc.Arbitrary<Step> = fc.record({
    what: fc.oneof(
      // What concerns one endpoint; the others have the whole app read again, which would hide a mistake.
      { weight: 6, arbitrary: fc.constantFrom(...kinds.slice(0, 8)) },
      { weight: 1, arbitrary: fc.constantFrom(...kinds.slice(8)) },
      { weight: 4, arbitrary: fc.constant('ask') },
    ),
    here: fc.boolean(),
    which: fc.nat(3),
    waits: fc.boolean(),
  })

  const fresh = async ({ appId }: Scope): Promise<AppRoutes> =>
    (await loadRoutes(pool, { seal, unreadable: () => {} }, [appId], {})).get(appId)!

  /** Much happens at the same time; some find that what they meant is gone. */
  const run = async (cacheBytes: number, many: number, rounds: { steps: Step[] }[]) => {
    const nodes = [
      testRegistry(pool, { seal, cacheBytes }),
      testRegistry(pool, { seal, cacheBytes }),
    ]
    const [one, other] = nodes as [Registry, Registry]
    try {
      await Promise.all(nodes.map(({ cache }) => cache.start()))
      const { id: tenantId } = await one.tenants.create({ name: 'any' })
      const { id: appId } = await one.apps.create(tenantId, { name: 'any' })
      const scope = { tenantId, appId }
      await Promise.all(
        Array.from({ length: many }, (_, n) => one.endpoints.create(scope, { url: url(n) })),
      )
      const heard = async (): Promise<void> => {
        const mark = randomUUID()
        const all = nodes.map(({ cache }) => {
          const { promise, resolve } = Promise.withResolvers<void>()
          const stop = cache.onChange(({ key }) => void (key === mark && (stop(), resolve())))
          return promise
        })
        await noteChange(pool, 'profile', mark)
        await Promise.all(all)
      }
      await heard()
      for (const { cache } of nodes) await cache.routes(tenantId, appId)
      let n = 0
      for (const { steps } of rounds) {
        const ids = (await fresh(scope)).endpoints.map(({ id }) => showId('endpoint', id))
        const doing: Promise<unknown>[] = []
        for (const { what, here, which, waits } of steps) {
          const node = here ? one : other
          const id = ids[which % ids.length] ?? 'none'
          const done =
            what === 'ask'
              ? node.cache.routes(tenantId, appId)
              : changes[what]!(node, scope, id, ++n)
          doing.push(
            done.catch((error: unknown) => {
              if (!/not_found|secret|23503/.test(JSON.stringify(error))) throw error
            }),
          )
          if (waits) await Promise.all(doing)
        }
        await Promise.all(doing)
        // The node that made a change knows of it at once.
        if (steps.every(({ here, what }) => here || what === 'ask'))
          expect(await one.cache.routes(tenantId, appId)).toEqual(await fresh(scope))
        await heard()
        const now = await fresh(scope)
        for (const { cache } of nodes) {
          expect(await cache.routes(tenantId, appId)).toEqual(now)
          expect(cache.peekRoutes(appId) ?? now).toEqual(now)
          const alone = await cache.endpoints(now.endpoints.map(({ id }) => id))
          expect(now.endpoints.map(({ id }) => alone.get(id)?.endpoint)).toEqual(now.endpoints)
        }
      }
    } finally {
      await Promise.all(nodes.map(({ cache }) => cache.stop()))
    }
  }
  const round = fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 12, size: 'max' }) })
  const wide = 64 * 1024 * 1024
  const each = kinds.map((what) => ({ steps: [{ what, here: true, which: 5, waits: true }] }))
  await fc.assert(
    fc.asyncProperty(
      // All fits as text; it is too large for that; nothing is kept.
      fc.constantFrom(wide, wide, 600_000, 20_000),
      fc.constantFrom(30, 30, 1),
      fc.array(round, { minLength: 1, maxLength: 5, size: 'max' }),
      run,
    ),
    { numRuns: runs(10), endOnFailure: true, examples: [[wide, 30, each]] },
  )
})

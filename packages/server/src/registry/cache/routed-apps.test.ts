import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runs } from '../../../test/support/property-runs.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { routesBytes } from './heap-size.ts'
import { RoutedApps } from './routed-apps.ts'
import type { AppRoutes, EndpointInApp } from './routes.ts'

const ids = Array.from({ length: 40 }, (_, i) => `00000000-0000-7000-8000-0000000000${10 + i}`)
const [appId, tenantId] = ['the app', 'the tenant']

/** What a database would hold: each version of the app and of each endpoint, by number; null: deleted. */
class World {
  version = 0
  appVersion = 0
  /** By endpoint, all its versions. */
  readonly endpoints = new Map<string, (number | null)[]>()

  /** As of now. */
  read(): AppRoutes {
    const there = [...this.endpoints].filter(([, versions]) => versions.at(-1) !== null)
    const all = there.map(([id, versions]) => this.#endpoint(id, versions.at(-1)!)).toSorted(byId)
    return {
      app: { id: appId, tenantId, name: String(this.appVersion) } as AppRoutes['app'],
      endpoints: all.map(({ endpoint }) => endpoint),
      health: new Map(
        all.flatMap(({ endpoint, health }) => (health ? [[endpoint.id, health]] : [])),
      ),
    }
  }

  readEndpoints(wanted: string[]): Map<string, EndpointInApp> {
    const { app } = this.read()
    const there = wanted.filter((id) => (this.endpoints.get(id)?.at(-1) ?? null) !== null)
    return new Map(
      there.map((id) => [id, { ...this.#endpoint(id, this.endpoints.get(id)!.at(-1)!), app }]),
    )
  }

  #endpoint(id: string, version: number) {
    const url = `https://${version}.example/`
    const none = { uid: null, eventTypes: null, channels: null, filter: null, description: '' }
    const empty = { metadata: {}, headers: {}, secrets: [], dialectOptions: {} }
    const endpoint = { id, tenantId, appId, url, ...none, ...empty } as unknown as Endpoint
    const health = version % 3 === 0 ? { consecutiveFailures: version } : undefined
    return { endpoint, health: health as EndpointInApp['health'] }
  }
}

type OfEndpoint = Pick<EndpointInApp, 'endpoint' | 'health'>

function byId(a: OfEndpoint, b: OfEndpoint): number {
  return a.endpoint.id < b.endpoint.id ? -1 : 1
}

function versionOf({ url }: EndpointInApp['endpoint']): number {
  return Number(/\d+/.exec(url)![0])
}

interface Step {
  do: string
  which: number
}

/** Most is about three of them, so that much happens to the same one at once. */
const which = fc.oneof({ weight: 4, arbitrary: fc.nat(2) }, fc.nat(ids.length - 1))
const weights: [number, ...string[]][] = [
  [8, 'write'],
  [6, 'ask', 'answer', 'wait'],
  [4, 'hear', 'hear all'],
  [3, 'ask one'],
  [2, 'delete'],
  [1, 'app', 'tenant', 'miss', 'fail'],
]
const step: fc.Arbitrary<Step> = fc.record({
  do: fc.oneof(
    ...weights.flatMap(([weight, ...each]) =>
      each.map((what) => ({ weight, arbitrary: fc.constant(what) })),
    ),
  ),
  which,
})
/** Of what is open, packed, and alone: all fits; some are too large to be packed, or all; nothing is kept. */
const bounds = fc.constantFrom<[number, number, number]>(
  [1e6, 1e6, 1e6],
  [1.6e5, 1e6, 1],
  [1e5, 1e6, 1e6],
  [1e5, 1e6, 1],
  [1, 1, 1e6],
  [1, 1, 1],
)

/** An app of thirty endpoints in a cache: what is read is as of when it is asked for, and comes when it is told to. */
function setUp([open, packed, endpoints]: [number, number, number] = [1e6, 1e6, 1e6]) {
  const world = new World()
  for (const id of ids.slice(0, 30)) world.endpoints.set(id, [++world.version])
  const reading: PromiseWithResolvers<void>[] = []
  const asked = { apps: 0, endpoints: 0 }
  const read = async <T>(what: keyof typeof asked, value: T): Promise<T> => {
    const gate = Promise.withResolvers<void>()
    reading.push(gate)
    asked[what] += 1
    await gate.promise
    return value
  }
  const apps = new RoutedApps({
    loadApps: async ([id]) =>
      await read('apps', new Map([[id!, id === appId ? world.read() : another(id!)]])),
    loadEndpoints: async (wanted) => await read('endpoints', world.readEndpoints(wanted)),
    maxBytes: { open, packed, endpoints },
  })
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 6; turn++) {
      for (const gate of reading.splice(0)) gate.resolve()
      await new Promise(setImmediate)
    }
  }
  const get = async (id = appId): Promise<AppRoutes> =>
    (await Promise.all([apps.get(id), settle()]))[0]!
  const write = (id: string): void => {
    world.endpoints.get(id)!.push(++world.version)
    apps.dropEndpoint(appId, id)
  }
  return { world, reading, asked, apps, settle, get, write }
}

/** One without endpoints, which takes 31 kB all the same. */
function another(id: string): AppRoutes {
  return {
    app: { id, tenantId, name: 'x'.repeat(15_000) },
    endpoints: [],
    health: new Map(),
  } as unknown as AppRoutes
}

test('an endpoint that changed is read alone, and an app of which most changed is read anew', async () => {
  const { world, asked, get, write } = setUp()
  await get()
  for (const id of ids.slice(3, 5)) write(id)
  expect(await get()).toEqual(world.read())
  expect(asked).toEqual({ apps: 1, endpoints: 1 })
  for (const id of ids.slice(0, 30)) write(id)
  expect(await get()).toEqual(world.read())
  expect(asked).toEqual({ apps: 2, endpoints: 1 })
})

test('a reading that arrives late does not take the place of a later one', async () => {
  const { world, reading, apps, settle, get, write } = setUp()
  await get()
  write(ids[0]!)
  const before = apps.get(appId)
  await new Promise(setImmediate)
  const [late] = reading.splice(0)
  write(ids[0]!)
  await get()
  late!.resolve()
  expect(await before).toEqual(world.read())
  await settle()
  expect(apps.peek(appId)).toEqual(world.read())
})

test('what was changed in routes that are kept as text is in that text', async () => {
  const { world, apps, get, write } = setUp([1.6e5, 1e6, 1e6])
  await get()
  write(ids[7]!)
  await get()
  // More than is kept open.
  for (let n = 0; n < 6; n++) await get(`other ${n}`)
  expect(apps.peek(appId)).toEqual(world.read())
})

test('what is answered is never from before a change that was heard of before it was asked for', async () => {
  const run = async (bound: [number, number, number], steps: Step[]) => {
    const { world, reading, apps, settle, get } = setUp(bound)
    const [open, packed, endpoints] = bound
    const unheard: (() => void)[] = []
    const heard = { app: 0, endpoints: new Map<string, number>() }
    const hearAll = () => unheard.splice(0).forEach((hear) => hear())
    const note = (id: string) => {
      const count = world.endpoints.get(id)!.length
      unheard.push(() => {
        heard.endpoints.set(id, count)
        apps.dropEndpoint(appId, id)
      })
    }
    /** Whether this version of the endpoint is one of those that may be answered. */
    const check = (id: string, seen: number | null, since: number | undefined) => {
      const versions = world.endpoints.get(id) ?? []
      const place = versions.lastIndexOf(seen)
      expect(place === -1 ? 0 : place + 1, `${id} as ${seen}`).toBeGreaterThanOrEqual(since ?? 0)
    }
    const asked: Promise<unknown>[] = []
    const later = (got: Promise<unknown>, checked: (found: unknown) => void) =>
      void asked.push(
        got.then(checked, (error: unknown) => expect(String(error)).toMatch('no database')),
      )
    for (const { do: what, which: i } of steps) {
      const id = ids[i]!
      const versions = world.endpoints.get(id) ?? []
      if (what === 'write' || (what === 'delete' && (versions.at(-1) ?? null) !== null)) {
        world.endpoints.set(id, [...versions, what === 'write' ? ++world.version : null])
        note(id)
      } else if (what === 'hear') unheard.shift()?.()
      else if (what === 'hear all') hearAll()
      else if (what === 'wait') await new Promise(setImmediate)
      else if (what === 'app' || what === 'tenant' || what === 'miss') {
        const now = (world.appVersion += 1)
        unheard.push(() => {
          heard.app = now
          if (what === 'app') apps.dropApp(appId)
          else if (what === 'tenant') apps.dropTenant(tenantId)
          else apps.dropAll()
        })
      } else if (what === 'ask') {
        const since = { app: heard.app, endpoints: new Map(heard.endpoints) }
        later(apps.get(appId), (found) => {
          const { app, endpoints: all } = found as AppRoutes
          expect(Number(app.name)).toBeGreaterThanOrEqual(since.app)
          expect(all.map((one) => one.id)).toEqual(all.map((one) => one.id).toSorted())
          const seen = new Map(all.map((one) => [one.id, versionOf(one)]))
          for (const one of ids) check(one, seen.get(one) ?? null, since.endpoints.get(one))
        })
      } else if (what === 'ask one') {
        const since = heard.endpoints.get(id)
        later(Promise.resolve(apps.endpoint(id)), (found) => {
          const one = found as EndpointInApp | undefined
          check(id, one ? versionOf(one.endpoint) : null, since)
        })
      } else if ((what === 'answer' || what === 'fail') && reading.length > 0) {
        const [gate] = reading.splice(i % reading.length, 1)
        if (what === 'answer') gate!.resolve()
        else gate!.reject(new Error('no database'))
      }
    }
    hearAll()
    await settle()
    await Promise.all(asked)
    const whole = await get()
    expect(whole).toEqual(world.read())
    // And what was put in piece by piece is counted as what it is.
    const again = apps.peek(appId)
    expect(again ?? whole).toEqual(world.read())
    if (packed === 1e6) expect(again).toBeDefined()
    if (again && endpoints === 1) {
      expect(apps.usage.endpoints).toBe(again.endpoints.length)
      if (routesBytes(again) >= open / 4) expect(apps.usage.bytes).toBe(routesBytes(again))
    }
    for (const id of ids) {
      const [one] = await Promise.all([apps.endpoint(id), settle()])
      expect(one?.endpoint.url).toBe(whole.endpoints.find((each) => each.id === id)?.url)
    }
  }
  await fc.assert(
    fc.asyncProperty(bounds, fc.array(step, { minLength: 10, maxLength: 80, size: 'max' }), run),
    { numRuns: runs(400) },
  )
})

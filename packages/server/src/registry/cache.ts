/**
 * The hot path's view of the registry: bounded by bytes, loaded when first needed, and never more than a second behind the database.
 *
 * Every change to what is cached leaves a row in `change`, in its own transaction; each node reads those every half second and drops
 * what they name. Nothing is answered from memory when the last reading is more than a second old: the answer waits for a new one, and
 * after a reading that failed everything is dropped first, since the database that answers may not be the one that was lost.
 */
import type { Clock } from '../core/clock.ts'
import { readId } from '../core/id.ts'
import { CHANGES_KEPT_MS, readChanges, type Change } from '../db/changes.ts'
import type { Pool } from '../db/pool.ts'
import type { Seal } from '../db/seal.ts'
import { GroupedCache } from './grouped-cache.ts'
import { hashKey, type KeyHolder } from './keys/key.ts'
import { LastUsed } from './keys/last-used.ts'
import { writeLastUsed } from './keys/store.ts'
import { createLoader, type Loader } from './loader.ts'
import type { AppRoutes, EndpointInApp } from './routes.ts'
import {
  loadAppIds,
  loadEndpoints,
  loadKeys,
  loadRoutes,
  type KeyRow,
  type Opener,
} from './store.ts'
import { endpointBytes, routesBytes } from './weight.ts'

export type { AppRoutes, EndpointInApp } from './routes.ts'
export type { KeyHolder } from './keys/key.ts'

const POLL_MS = 500
const STALE_MS = 1_000
const UNKNOWN_KEY_MS = 1_000

export interface RegistryCacheOptions {
  pool: Pool
  seal: Seal
  clock: Clock
  /** Bound of the whole cache; default 64 MiB. */
  maxBytes?: number
  /** Hears of what goes wrong beside the requests: a reading of changes that failed, secrets that do not open. */
  report?: (error: unknown, about: string) => void
  /** Hears that it is over. */
  mended?: (about: string) => void
}

/** What listeners hear. `everything`: whatever was derived from the registry is to be thought anew. */
export type CacheChange = Change | { kind: 'everything'; key: '' }

export class RegistryCache {
  readonly #pool: Pool
  readonly #clock: Clock
  readonly #report: (error: unknown, about: string) => void
  readonly #mended: (about: string) => void
  readonly #listeners = new Set<(change: CacheChange) => void>()

  // Grouped by tenant, app, app, tenant.
  readonly #apps: GroupedCache<AppRoutes>
  readonly #endpoints: GroupedCache<EndpointInApp>
  readonly #appIds: GroupedCache<{ appId: string }>
  readonly #keys: GroupedCache<KeyRow>
  /** Where the endpoints of cached apps are. */
  readonly #placed = new Map<string, EndpointInApp>()
  readonly #unknownKeys = new Map<string, number>()

  readonly #appLoader: Loader<AppRoutes>
  readonly #endpointLoader: Loader<EndpointInApp>
  readonly #appIdLoader: Loader<string>
  readonly #keyLoader: Loader<KeyRow>
  readonly #lastUsed: LastUsed

  #snapshot: string | undefined
  #readAtMs = Number.NEGATIVE_INFINITY
  #failed = false
  #reading: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #running = false

  constructor({
    pool,
    seal,
    clock,
    maxBytes = 64 * 1024 * 1024,
    report = () => {},
    mended = () => {},
  }: RegistryCacheOptions) {
    this.#pool = pool
    this.#clock = clock
    this.#report = report
    this.#mended = mended
    const opener: Opener = {
      seal,
      unreadable: (error, endpointId) =>
        report(error, `endpoint ${endpointId} is held until its secrets can be opened`),
    }

    this.#apps = new GroupedCache(maxBytes * 0.7, (_, routes) => {
      for (const { id } of routes.endpoints) this.#placed.delete(id)
    })
    this.#endpoints = new GroupedCache(maxBytes * 0.2)
    this.#appIds = new GroupedCache(maxBytes * 0.05)
    this.#keys = new GroupedCache(maxBytes * 0.05)

    this.#appLoader = createLoader(
      (ids) => loadRoutes(pool, opener, ids),
      (id, routes) => this.#keepRoutes(id, routes),
    )
    this.#endpointLoader = createLoader(
      (ids) => loadEndpoints(pool, opener, ids),
      (id, found) => {
        if (found) this.#endpoints.set(id, found.app.id, found, endpointBytes(found.endpoint) + 300)
      },
    )
    this.#appIdLoader = createLoader(
      (keys) => appIdsByKey(pool, keys),
      (key, appId) => {
        if (appId !== undefined) this.#appIds.set(key, appId, { appId }, 400 + key.length * 2)
      },
    )
    this.#keyLoader = createLoader(
      (hashes) => loadKeys(pool, hashes),
      (hash, row) => {
        if (row) this.#keys.set(hash, row.tenantId, row, 700 + row.name.length * 2)
        else this.#noteUnknownKey(hash)
      },
    )
    this.#lastUsed = new LastUsed(
      (usedAtMs) => writeLastUsed(pool, usedAtMs),
      (error) => report(error, 'when keys were last used could not be written'),
    )
  }

  /** An app by UUID, with its endpoints; undefined when the tenant has no such app. */
  async routes(tenantId: string, appId: string): Promise<AppRoutes | undefined> {
    if (!this.#isFresh()) await this.#read()
    const routes = this.#apps.get(appId) ?? (await this.#appLoader.get(appId))
    return routes?.app.tenantId === tenantId ? routes : undefined
  }

  /** The same at once, where it is in memory and not too old. */
  peekRoutes(appId: string): AppRoutes | undefined {
    return this.#isFresh() ? this.#apps.get(appId) : undefined
  }

  /** The UUID of one of the tenant's apps, by its shown id or its uid. */
  async appIdOf(tenantId: string, idOrUid: string): Promise<string | undefined> {
    const id = readId('app', idOrUid)
    if (id !== undefined)
      return (await this.routes(tenantId, id))?.app.kind === 'app' ? id : undefined
    if (!this.#isFresh()) await this.#read()
    const key = `${tenantId}/${idOrUid}`
    return this.#appIds.get(key)?.appId ?? (await this.#appIdLoader.get(key))
  }

  /** Endpoints by UUID, of whatever apps. One that is not in the answer was deleted. */
  async endpoints(ids: Iterable<string>): Promise<Map<string, EndpointInApp>> {
    if (!this.#isFresh()) await this.#read()
    const found = new Map<string, EndpointInApp>()
    const missing: string[] = []
    for (const id of ids) {
      const known = this.#placed.get(id) ?? this.#endpoints.get(id)
      if (known) found.set(id, known)
      else missing.push(id)
    }
    if (missing.length === 0) return found
    const loaded = await Promise.all(missing.map(async (id) => await this.#endpointLoader.get(id)))
    for (const [index, id] of missing.entries()) if (loaded[index]) found.set(id, loaded[index])
    return found
  }

  /** Whose key this is, by the text that was presented; undefined: nobody's. One that is refused says why. */
  async key(presented: string): Promise<KeyHolder | undefined> {
    if (!this.#isFresh()) await this.#read()
    const hash = hashKey(presented).toString('hex')
    const nowMs = this.#clock.now()
    let row = this.#keys.get(hash)
    if (row === undefined) {
      // The client with a wrong key that asks without pause costs one query a second.
      if (
        this.#clock.monotonic() - (this.#unknownKeys.get(hash) ?? Number.NEGATIVE_INFINITY) <
        UNKNOWN_KEY_MS
      )
        return undefined
      row = await this.#keyLoader.get(hash)
    }
    if (row === undefined) return undefined
    const { expiresAtMs, ...holder } = row
    if (holder.refused === null && expiresAtMs !== null && expiresAtMs <= nowMs)
      holder.refused = 'expired'
    if (holder.refused === null) this.#lastUsed.mark(holder.keyId, nowMs)
    return holder
  }

  /** For the node that made a change, right after its commit: it must not wait for the next reading. */
  invalidate(kind: Change['kind'], key: string): void {
    this.#apply({ kind, key })
  }

  onChange(listener: (change: CacheChange) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async start(): Promise<void> {
    if (this.#running) return
    await this.#read()
    this.#running = true
    this.#lastUsed.start()
    this.#schedule()
  }

  async stop(): Promise<void> {
    this.#running = false
    clearTimeout(this.#timer)
    await this.#reading?.catch(() => {})
    await this.#lastUsed.stop()
  }

  /** For metrics. */
  get usage(): { bytes: number; apps: number; endpoints: number; keys: number } {
    return {
      bytes: this.#apps.bytes + this.#endpoints.bytes + this.#appIds.bytes + this.#keys.bytes,
      apps: this.#apps.size,
      endpoints: this.#placed.size + this.#endpoints.size,
      keys: this.#keys.size,
    }
  }

  #keepRoutes(id: string, routes: AppRoutes | undefined): void {
    if (
      routes === undefined ||
      !this.#apps.set(id, routes.app.tenantId, routes, routesBytes(routes))
    )
      return
    for (const endpoint of routes.endpoints) {
      this.#placed.set(endpoint.id, {
        endpoint,
        health: routes.health.get(endpoint.id),
        app: routes.app,
      })
    }
  }

  #noteUnknownKey(hash: string): void {
    if (this.#unknownKeys.size >= 1_000) this.#unknownKeys.clear()
    this.#unknownKeys.set(hash, this.#clock.monotonic())
  }

  #isFresh(): boolean {
    return this.#clock.monotonic() - this.#readAtMs <= STALE_MS
  }

  #schedule(): void {
    if (!this.#running) return
    this.#timer = setTimeout(() => {
      this.#read()
        .catch(() => {}) // said when it began
        .finally(() => this.#schedule())
    }, POLL_MS)
  }

  async #read(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = undefined
    })
    await this.#reading
  }

  async #readOnce(): Promise<void> {
    // Taken before the question: what is committed after this moment may be missing from the answer.
    const askedAtMs = this.#clock.monotonic()
    try {
      const { snapshot, changes, rewound } = await readChanges(this.#pool, this.#snapshot)
      const away = this.#snapshot !== undefined && askedAtMs - this.#readAtMs > CHANGES_KEPT_MS / 2
      if (this.#failed || rewound || away) this.#dropEverything()
      else for (const change of changes) this.#apply(change)
      this.#snapshot = snapshot
      this.#readAtMs = askedAtMs
      if (this.#failed) this.#mended('changes to apps, endpoints and keys are read again')
      this.#failed = false
    } catch (error) {
      // Twice a second for as long as the database is away would drown what else is to be said.
      if (!this.#failed)
        this.#report(
          error,
          'changes to apps, endpoints and keys cannot be read; until they can, nothing is answered from memory',
        )
      this.#failed = true
      throw error
    }
  }

  #apply(change: Change): void {
    switch (change.kind) {
      case 'app':
        this.#apps.delete(change.key)
        this.#endpoints.dropGroup(change.key)
        this.#appIds.dropGroup(change.key)
        this.#appLoader.forget(change.key)
        this.#endpointLoader.forgetAll()
        this.#appIdLoader.forgetAll()
        break
      case 'key':
        this.#keys.dropGroup(change.key)
        this.#unknownKeys.clear()
        this.#keyLoader.forgetAll()
        break
      case 'tenant':
        this.#apps.dropGroup(change.key)
        this.#endpoints.clear()
        this.#appLoader.forgetAll()
        this.#endpointLoader.forgetAll()
        break
      case 'event-type':
        break
    }
    for (const listener of this.#listeners) listener(change)
  }

  #dropEverything(): void {
    for (const cache of [this.#apps, this.#endpoints, this.#appIds, this.#keys]) cache.clear()
    for (const loader of [
      this.#appLoader,
      this.#endpointLoader,
      this.#appIdLoader,
      this.#keyLoader,
    ])
      loader.forgetAll()
    this.#placed.clear()
    this.#unknownKeys.clear()
    for (const listener of this.#listeners) listener({ kind: 'everything', key: '' })
  }
}

async function appIdsByKey(pool: Pool, keys: string[]): Promise<Map<string, string>> {
  const wanted = keys.map((key) => ({ tenantId: key.slice(0, 36), uid: key.slice(37) }))
  const found = await loadAppIds(pool, wanted)
  return new Map(found.map(({ tenantId, uid, appId }) => [`${tenantId}/${uid}`, appId]))
}

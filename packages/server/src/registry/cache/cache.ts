/**
 * The hot path's view of the registry: bounded by bytes, loaded when first needed, and never more than a second behind
 * the database.
 *
 * Every change to what is cached leaves a row in `change`, in its own transaction; each node reads those every half
 * second and drops what they name (change-reader.ts). Nothing is answered from memory when the last reading is more
 * than a second old: the answer waits for a new one.
 */
import type { Clock } from '../../core/clock.ts'
import type { EndpointDefaults } from '../../core/endpoint-defaults.ts'
import { readId } from '../../core/id.ts'
import type { MaybeLater } from '../../core/when-there.ts'
import type { Change } from '../../db/changes.ts'
import { isAway, type Pool } from '../../db/pool.ts'
import type { Opener } from '../endpoints/rows/store.ts'
import { hashKey, type KeyHolder } from '../keys/key.ts'
import { hashSession } from '../sessions/store.ts'
import { LastUsed } from '../keys/last-used.ts'
import { writeLastUsed } from '../keys/store.ts'
import { ChangeReader } from './change-reader.ts'
import { LoadingCache } from './loading-cache.ts'
import { RoutedApps } from './routed-apps.ts'
import type { AppRoutes, EndpointInApp } from './routes.ts'
import { type KeyRow, loadAppIds, loadEndpoints, loadKeys, loadRoutes } from './store.ts'

const UNKNOWN_KEY_MS = 1_000
const HASHES = 1_000
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024

export interface RegistryCacheOptions {
  pool: Pool
  opener: Opener
  clock: Clock
  /** Bound of the whole cache; default 64 MiB. */
  maxBytes?: number | undefined
  /** The server's, of endpoints where neither they nor their tenant say anything. */
  defaults?: EndpointDefaults | undefined
  /** Hears of a reading of changes that failed, and of what goes wrong with the times of use. */
  report: (error: unknown, about: string) => void
  /** Hears that it is over. */
  mended: (about: string) => void
}

/** What listeners hear. `everything`: whatever was derived from the registry is to be derived anew. */
export type CacheChange = Change | { kind: 'everything'; key: '' }

export class RegistryCache {
  readonly #clock: Clock
  readonly #listeners = new Set<(change: CacheChange) => void>()
  readonly #changes: ChangeReader
  readonly #lastUsed: LastUsed

  readonly #apps: RoutedApps
  /** By `tenant/uid` and `tenant/shown id`; in groups by app. */
  readonly #appIds: LoadingCache<string>
  /** By hash; in groups by tenant. */
  readonly #keys: LoadingCache<KeyRow>
  /** Of keys that are cached, by the text that is presented: making one took 1.4 µs of each request. */
  readonly #hashes = new Map<string, string>()
  /** When a key was last looked up in vain, by hash. */
  readonly #unknownKeys = new Map<string, number>()

  constructor({
    pool,
    opener,
    clock,
    maxBytes,
    defaults = {},
    report,
    mended,
  }: RegistryCacheOptions) {
    const bytes = maxBytes ?? DEFAULT_MAX_BYTES
    this.#clock = clock
    this.#apps = new RoutedApps({
      loadApps: (ids) => loadRoutes(pool, opener, ids, defaults),
      loadEndpoints: (ids) => loadEndpoints(pool, opener, ids, defaults),
      maxBytes: { open: bytes * 0.2, packed: bytes * 0.55, endpoints: bytes * 0.1 },
    })
    this.#appIds = new LoadingCache<string>({
      maxBytes: bytes * 0.1,
      load: (keys) => loadAppIds(pool, keys),
      groupOf: (appId) => appId,
      bytesOf: (_, key) => 400 + key.length * 2,
    })
    this.#keys = new LoadingCache<KeyRow>({
      maxBytes: bytes * 0.05,
      load: (hashes) => loadKeys(pool, hashes),
      groupOf: ({ tenantId }) => tenantId,
      bytesOf: ({ name }) => 700 + name.length * 2,
      onMissing: (hash) => this.#noteUnknownKey(hash),
    })
    this.#lastUsed = new LastUsed(
      (usedAtMs) => writeLastUsed(pool, usedAtMs),
      (error) => {
        // Kept for the next time; that the database is away is said once, and not by each who misses it.
        if (!isAway(error)) report(error, 'when keys were last used could not be written')
      },
    )
    this.#changes = new ChangeReader({
      pool,
      clock,
      apply: (change) => this.#apply(change),
      dropAll: () => this.#dropAll(),
      report,
      mended,
    })
  }

  /** An app by UUID, with its endpoints; undefined when the tenant has no such app. */
  async routes(tenantId: string, appId: string): Promise<AppRoutes | undefined> {
    if (!this.#changes.isFresh) await this.#changes.read()
    const routes = await this.#apps.get(appId)
    return routes?.app.tenantId === tenantId ? routes : undefined
  }

  /** The same at once, where it is in memory and not too old. */
  peekRoutes(appId: string): AppRoutes | undefined {
    return this.#changes.isFresh ? this.#apps.peek(appId) : undefined
  }

  /** The UUID of one of the tenant's apps, by its shown id or its uid; at once where it is in memory. */
  appIdOf(tenantId: string, idOrUid: string): MaybeLater<string | undefined> {
    const id = readId('app', idOrUid)
    const known = id === undefined ? undefined : this.peekRoutes(id)
    if (known?.app.tenantId === tenantId && known.app.kind === 'app') return id
    return this.#findAppId(tenantId, idOrUid)
  }

  /** Without the app's endpoints, which are thousands in some: what changes one of them would read all anew. */
  async #findAppId(tenantId: string, idOrUid: string): Promise<string | undefined> {
    if (!this.#changes.isFresh) await this.#changes.read()
    return await this.#appIds.get(`${tenantId}/${idOrUid}`)
  }

  /** Endpoints by UUID, of whatever apps. One that is not in the answer was deleted. */
  async endpoints(ids: Iterable<string>): Promise<Map<string, EndpointInApp>> {
    if (!this.#changes.isFresh) await this.#changes.read()
    const found = new Map<string, EndpointInApp>()
    const later: Promise<void>[] = []
    const note = (id: string, one: EndpointInApp | undefined) => void (one && found.set(id, one))
    for (const id of ids) {
      const known = this.#apps.endpoint(id)
      if (known instanceof Promise) later.push(known.then((one) => note(id, one)))
      else note(id, known)
    }
    await Promise.all(later)
    return found
  }

  /**
   * One endpoint by UUID, at once where it is in memory; a promise's undefined: it was deleted. Undefined at once: what
   * is in memory is too old to tell.
   */
  endpoint(id: string): MaybeLater<EndpointInApp | undefined> {
    if (!this.#changes.isFresh) return undefined
    return this.#apps.endpoint(id)
  }

  /**
   * Who has this key, by the text that was presented; undefined: nobody. One that is refused says why. At once where
   * it is in memory.
   */
  key(presented: string): MaybeLater<KeyHolder | undefined> {
    const hashed = this.#hashes.get(presented)
    const hash = hashed ?? hashKey(presented).toString('hex')
    const known = this.#changes.isFresh ? this.#keys.peek(hash) : undefined
    if (known === undefined) return this.#holder(hash)
    if (hashed === undefined) this.#keepHash(presented, hash)
    return this.#used(known)
  }

  #keepHash(presented: string, hash: string): void {
    if (this.#hashes.size >= HASHES) this.#hashes.clear()
    this.#hashes.set(presented, hash)
  }

  /** Who is signed in, by the token that the browser keeps; undefined: nobody. */
  async session(token: string): Promise<KeyHolder | undefined> {
    return await this.#holder(hashSession(token).toString('hex'))
  }

  async #holder(hash: string): Promise<KeyHolder | undefined> {
    if (!this.#changes.isFresh) await this.#changes.read()
    const known = this.#keys.peek(hash)
    // A client with a wrong key that asks without pause costs one query a second.
    if (known === undefined && this.#isUnknownKey(hash)) return undefined
    const row = known ?? (await this.#keys.get(hash))
    return row && this.#used(row)
  }

  #used(row: KeyRow): KeyHolder {
    if (row.refused !== null) return row
    const nowMs = this.#clock.now()
    if (row.expiresAtMs !== null && row.expiresAtMs <= nowMs) return { ...row, refused: 'expired' }
    this.#lastUsed.mark(row.keyId, nowMs)
    return row
  }

  /** For the node that made a change, right after its commit: it must not wait for the next reading. */
  invalidate(kind: Change['kind'], key: string, endpointId?: string): void {
    this.#apply({ kind, key, endpointId })
  }

  onChange(listener: (change: CacheChange) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async start(): Promise<void> {
    await this.#changes.start()
    this.#lastUsed.start()
  }

  async stop(): Promise<void> {
    await this.#changes.stop()
    await this.#lastUsed.stop()
  }

  /** For metrics. */
  get usage(): { bytes: number; apps: number; endpoints: number; keys: number } {
    const { bytes, apps, endpoints } = this.#apps.usage
    return {
      bytes: bytes + this.#appIds.bytes + this.#keys.bytes,
      apps,
      endpoints,
      keys: this.#keys.size,
    }
  }

  #isUnknownKey(hash: string): boolean {
    const missedAtMs = this.#unknownKeys.get(hash) ?? Number.NEGATIVE_INFINITY
    return this.#clock.monotonic() - missedAtMs < UNKNOWN_KEY_MS
  }

  #noteUnknownKey(hash: string): void {
    if (this.#unknownKeys.size >= 1_000) this.#unknownKeys.clear()
    this.#unknownKeys.set(hash, this.#clock.monotonic())
  }

  #apply(change: Change): void {
    switch (change.kind) {
      case 'app':
        if (change.endpointId !== undefined) {
          this.#apps.dropEndpoint(change.key, change.endpointId)
          break
        }
        this.#apps.dropApp(change.key)
        this.#appIds.dropGroup(change.key)
        break
      case 'key':
        this.#keys.dropGroup(change.key)
        this.#unknownKeys.clear()
        break
      case 'tenant':
        this.#apps.dropTenant(change.key)
        break
      case 'event-type':
      case 'profile':
        break
    }
    for (const listener of this.#listeners) listener(change)
  }

  #dropAll(): void {
    for (const cache of [this.#apps, this.#appIds, this.#keys]) cache.dropAll()
    this.#unknownKeys.clear()
    for (const listener of this.#listeners) listener({ kind: 'everything', key: '' })
  }
}

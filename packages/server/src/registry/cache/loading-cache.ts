import { LRUCache } from 'lru-cache'
import { createLoader, type Loader } from './loader.ts'

export interface LoadingCacheOptions<Value> {
  maxBytes: number
  /** Those that do not exist are not in the answer. */
  load: (keys: string[]) => Promise<Map<string, Value>>
  /** Entries of one group can be dropped together. */
  groupOf: (value: Value) => string
  bytesOf: (value: Value, key: string) => number
  /** An entry is in the cache from now on. Not called for one that is larger than the whole cache. */
  onKept?: (key: string, value: Value) => void
  /** An entry has left the cache, for whatever reason. */
  onDropped?: (key: string, value: Value) => void
  /** There is nothing under the key. */
  onMissing?: (key: string) => void
}

/**
 * A cache bounded by bytes that loads what it does not have, many keys in one query. What is dropped while it is being
 * loaded goes to those who wait for it, and is not kept: it may be from before the change.
 */
export class LoadingCache<Value> {
  readonly #entries: LRUCache<string, { group: string; value: Value }>
  readonly #groups = new Map<string, Set<string>>()
  readonly #loader: Loader<Value>
  readonly #options: LoadingCacheOptions<Value>

  constructor(options: LoadingCacheOptions<Value>) {
    this.#options = options
    this.#entries = new LRUCache({
      maxSize: Math.max(1, Math.floor(options.maxBytes)),
      dispose: ({ group, value }, key) => {
        const members = this.#groups.get(group)
        members?.delete(key)
        if (members?.size === 0) this.#groups.delete(group)
        options.onDropped?.(key, value)
      },
    })
    this.#loader = createLoader(options.load, (key, value) => {
      if (value === undefined) options.onMissing?.(key)
      else this.#keep(key, value)
    })
  }

  get bytes(): number {
    return this.#entries.calculatedSize
  }

  get size(): number {
    return this.#entries.size
  }

  /** Only from memory. */
  peek(key: string): Value | undefined {
    return this.#entries.get(key)?.value
  }

  async get(key: string): Promise<Value | undefined> {
    return this.peek(key) ?? (await this.#loader.get(key))
  }

  drop(key: string): void {
    this.#entries.delete(key)
    this.#loader.forget(key)
  }

  /** And all that is being loaded: which group it will be of is not known yet. */
  dropGroup(group: string): void {
    for (const key of this.#groups.get(group) ?? []) this.#entries.delete(key)
    this.#loader.forgetAll()
  }

  dropAll(): void {
    this.#entries.clear()
    this.#groups.clear()
    this.#loader.forgetAll()
  }

  #keep(key: string, value: Value): void {
    const { groupOf, bytesOf, onKept } = this.#options
    const group = groupOf(value)
    this.#entries.set(key, { group, value }, { size: Math.max(1, Math.ceil(bytesOf(value, key))) })
    if (!this.#entries.has(key)) return
    const members = this.#groups.get(group)
    if (members) members.add(key)
    else this.#groups.set(group, new Set([key]))
    onKept?.(key, value)
  }
}

import { LRUCache } from 'lru-cache'
import { createLoader, type Loader } from './loader.ts'

export interface LoadingCacheOptions<Value> {
  /** Bound of the values; where they are packed, of those that are open besides. */
  maxBytes: number
  /** Those that do not exist are not in the answer. */
  load: (keys: string[]) => Promise<Map<string, Value>>
  /** Entries of one group can be dropped together. */
  groupOf: (value: Value) => string
  bytesOf: (value: Value, key: string) => number
  /** Besides, every value is kept as text, which takes less room, and opened again when it is asked for. */
  packing?: Packing<Value>
  /** An entry is in the cache from now on. Not called for one that is larger than the whole cache. */
  onKept?: (key: string, value: Value) => void
  /** An entry has left the cache, for whatever reason. */
  onDropped?: (key: string, value: Value) => void
  /** There is nothing under the key. */
  onMissing?: (key: string) => void
}

export interface Packing<Value> {
  /** Bound of the texts, and of values that are too large to be opened again and again. */
  maxBytes: number
  pack: (value: Value) => string
  unpack: (text: string) => Value
}

/** What a text takes beside its letters: its entry, its key and its place in the group. */
const textBytes = 500

type Kept<Value> = { group: string; value: Value } | { group: string; text: string }

/**
 * A cache bounded by bytes that loads what it does not have, many keys in one query. What is dropped while it is being
 * loaded goes to those who wait for it, and is not kept: it may be from before the change.
 */
export class LoadingCache<Value> {
  readonly #kept: LRUCache<string, Kept<Value>>
  /** Of those that are kept as text, the ones that were asked for last. */
  readonly #open: LRUCache<string, { value: Value }> | undefined
  readonly #groups = new Map<string, Set<string>>()
  readonly #loader: Loader<Value>
  readonly #options: LoadingCacheOptions<Value>

  constructor(options: LoadingCacheOptions<Value>) {
    const { maxBytes, load, packing, onMissing } = options
    this.#options = options
    if (packing) this.#open = new LRUCache({ maxSize: Math.max(1, Math.floor(maxBytes)) })
    this.#kept = new LRUCache({
      maxSize: Math.max(1, Math.floor(packing?.maxBytes ?? maxBytes)),
      dispose: (kept, key) => this.#dropped(kept, key),
    })
    this.#loader = createLoader(load, (key, value) => {
      if (value === undefined) onMissing?.(key)
      else this.#keep(key, value)
    })
  }

  get bytes(): number {
    return this.#kept.calculatedSize + (this.#open?.calculatedSize ?? 0)
  }

  get size(): number {
    return this.#kept.size
  }

  /** Only from memory. */
  peek(key: string): Value | undefined {
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    if ('value' in kept) return kept.value
    const open = this.#open!.get(key)
    if (open) return open.value
    const value = this.#options.packing!.unpack(kept.text)
    this.#open!.set(key, { value }, { size: this.#sizeOf(value, key) })
    return value
  }

  async get(key: string): Promise<Value | undefined> {
    return this.peek(key) ?? (await this.#loader.get(key))
  }

  drop(key: string): void {
    this.#kept.delete(key)
    this.#loader.forget(key)
  }

  /** And all that is being loaded: which group it will be of is not known yet. */
  dropGroup(group: string): void {
    for (const key of this.#groups.get(group) ?? []) this.#kept.delete(key)
    this.#loader.forgetAll()
  }

  dropAll(): void {
    this.#kept.clear()
    this.#open?.clear()
    this.#groups.clear()
    this.#loader.forgetAll()
  }

  #keep(key: string, value: Value): void {
    const { groupOf, packing, onKept, maxBytes } = this.#options
    const group = groupOf(value)
    let size = this.#sizeOf(value, key)
    let kept: Kept<Value> = { group, value }
    if (packing && size < maxBytes / 4) {
      const text = packing.pack(value)
      kept = { group, text }
      size = textBytes + bytesOf(text)
    }
    this.#kept.set(key, kept, { size })
    if (!this.#kept.has(key)) return
    if ('text' in kept) this.#open!.set(key, { value }, { size: this.#sizeOf(value, key) })
    const members = this.#groups.get(group)
    if (members) members.add(key)
    else this.#groups.set(group, new Set([key]))
    onKept?.(key, value)
  }

  #dropped(kept: Kept<Value>, key: string): void {
    const { onDropped, packing } = this.#options
    const members = this.#groups.get(kept.group)
    members?.delete(key)
    if (members?.size === 0) this.#groups.delete(kept.group)
    const value = 'value' in kept ? kept.value : this.#open!.peek(key)?.value
    this.#open?.delete(key)
    onDropped?.(key, value ?? packing!.unpack((kept as { text: string }).text))
  }

  #sizeOf(value: Value, key: string): number {
    return Math.max(1, Math.ceil(this.#options.bytesOf(value, key)))
  }
}

/** A letter beyond Latin-1 makes all of them take two bytes. */
function bytesOf(text: string): number {
  // oxlint-disable-next-line no-control-regex -- all of Latin-1
  return /^[\u0000-\u00ff]*$/.test(text) ? text.length : text.length * 2
}

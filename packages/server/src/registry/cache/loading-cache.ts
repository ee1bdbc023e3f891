import { LRUCache } from 'lru-cache'
import { createLoader, type Loader } from './loader.ts'

export interface LoadingCacheOptions<Value, Part> {
  /** Bound of the values; where they are packed, of those that are open besides. */
  maxBytes: number
  /** Those that do not exist are not in the answer. */
  load: (keys: string[]) => Promise<Map<string, Value>>
  /** Entries of one group can be dropped together. */
  groupOf: (value: Value) => string
  bytesOf: (value: Value, key: string) => number
  /** Besides, every value is kept as text, which takes less room, and opened again when it is asked for. */
  packing?: Packing<Value>
  /** What values are made of, where a part that is out of date can be read again by itself. */
  parts?: Parts<Value, Part>
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

/** Parts that were read again, by id; undefined: it is gone. */
export type Found<Part> = ReadonlyMap<string, Part | undefined>

export interface Parts<Value, Part> {
  load: (key: string, ids: readonly string[]) => Promise<Found<Part>>
  /** A value like the other, with what was found in its place. */
  put: (value: Value, found: Found<Part>) => Value
  /** The same, where the value is packed. */
  putPacked: (text: string, found: Found<Part>) => string
  /** By how much `bytesOf` the value has grown by that. */
  growth: (before: Value, after: Value, ids: Iterable<string>) => number
  /** They were put into an entry of the cache. */
  onPut: (key: string, found: Found<Part>) => void
}

/** What a text takes beside its letters: its entry, its key and its place in the group. */
const textBytes = 500
/** What it takes to know of one part that it is out of date. */
const staleBytes = 100

/** By part, the number of the change that it is behind. */
type Stale = Map<string, number>

interface Kept<Value> {
  group: string
  held: { value: Value } | { text: string }
  size: number
  stale?: Stale | undefined
}

/**
 * A cache bounded by bytes that loads what it does not have, many keys in one query. What is dropped while it is being
 * loaded goes to those who wait for it, and is not kept: it may be from before the change.
 *
 * Of a part that was changed the number of the change is noted, with what is kept and with what is being loaded.
 * Whoever asks then has all parts read again that are noted by that time. A part that was read is put in while a change
 * of it is noted: otherwise a later reading of it was; and where it is the same change, the note is taken away.
 */
export class LoadingCache<Value, Part = never> {
  readonly #kept: LRUCache<string, Kept<Value>>
  /** Of those that are kept as text, the ones that were asked for last. */
  readonly #open: LRUCache<string, { value: Value; bytes: number }> | undefined
  readonly #groups = new Map<string, Set<string>>()
  readonly #loader: Loader<Kept<Value>>
  readonly #options: LoadingCacheOptions<Value, Part>
  #changes = 0

  constructor(options: LoadingCacheOptions<Value, Part>) {
    const { maxBytes, packing, onMissing } = options
    this.#options = options
    if (packing) this.#open = new LRUCache({ maxSize: Math.max(1, Math.floor(maxBytes)) })
    this.#kept = new LRUCache({
      maxSize: Math.max(1, Math.floor(packing?.maxBytes ?? maxBytes)),
      dispose: (kept, key) => this.#dropped(kept, key),
    })
    this.#loader = createLoader(
      (keys) => this.#load(keys),
      (key, loaded) => {
        if (loaded === undefined) onMissing?.(key)
        else this.#keep(key, loaded)
      },
      (loaded, stale) => void (loaded.stale = stale),
    )
  }

  get bytes(): number {
    return this.#kept.calculatedSize + (this.#open?.calculatedSize ?? 0)
  }

  get size(): number {
    return this.#kept.size
  }

  /** Only from memory; nothing, where a part of it is out of date. Where one is named, the others may be. */
  peek(key: string, id?: string): Value | undefined {
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    if (kept.stale !== undefined && (id === undefined || kept.stale.has(id))) return undefined
    return this.#valueOf(key, kept).value
  }

  async get(key: string): Promise<Value | undefined> {
    const kept = this.#kept.get(key) ?? (await this.#loader.get(key))
    if (kept === undefined) return undefined
    return kept.stale === undefined ? this.#valueOf(key, kept).value : await this.#renew(key, kept)
  }

  drop(key: string): void {
    this.#kept.delete(key)
    this.#loader.forget(key)
  }

  /** A part of what is under the key was made, changed or taken away. */
  dropPart(key: string, id: string): void {
    const change = ++this.#changes
    this.#loader.overtake(key, id, change)
    const kept = this.#kept.peek(key)
    if (kept === undefined) return
    kept.stale ??= new Map()
    kept.stale.set(id, change)
    if (isTooStale(kept)) this.drop(key)
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

  async #load(keys: string[]): Promise<Map<string, Kept<Value>>> {
    const { load, groupOf } = this.#options
    const loaded = new Map<string, Kept<Value>>()
    for (const [key, value] of await load(keys))
      loaded.set(key, { group: groupOf(value), held: { value }, size: this.#sizeOf(value, key) })
    return loaded
  }

  #keep(key: string, loaded: Kept<Value>): void {
    const { onKept, packing } = this.#options
    const { value, bytes } = this.#valueOf(key, loaded)
    this.#store(key, loaded, value, bytes, () => packing!.pack(value))
    if (!this.#kept.has(key)) return
    const members = this.#groups.get(loaded.group)
    if (members) members.add(key)
    else this.#groups.set(loaded.group, new Set([key]))
    onKept?.(key, value)
  }

  /** @param textOf what it is kept as where it is not too large to be opened again and again */
  #store(key: string, of: Kept<Value>, value: Value, bytes: number, textOf: () => string): void {
    const { packing, maxBytes } = this.#options
    let kept: Kept<Value> = { ...of, held: { value }, size: bytes }
    if (packing && bytes < maxBytes / 4) {
      const text = textOf()
      kept = { ...kept, held: { text }, size: textBytes + bytesOf(text) }
    }
    if (isTooStale(kept)) return this.drop(key)
    // Whose place it takes is not dropped: it is the same with other parts.
    this.#kept.set(key, kept, { size: kept.size, noDisposeOnSet: true })
    if (!this.#kept.has(key)) return
    if ('text' in kept.held) this.#open!.set(key, { value, bytes }, { size: bytes })
    else this.#open?.delete(key)
  }

  /** Has parts read again that are out of date, and answers with them in their places. */
  async #renew(key: string, kept: Kept<Value>): Promise<Value> {
    const { packing } = this.#options
    const parts = this.#options.parts!
    const asked = [...kept.stale!]
    const found = await parts.load(
      key,
      asked.map(([id]) => id),
    )
    const now = this.#kept.peek(key)
    if (now === undefined) {
      // Dropped meanwhile, or not kept at all: it was right for whoever asked.
      const { held } = kept
      return parts.put('value' in held ? held.value : packing!.unpack(held.text), found)
    }
    const { value: before, bytes } = this.#valueOf(key, now)
    const wanted = new Map([...found].filter(([id]) => now.stale?.has(id)))
    if (wanted.size === 0) return before
    const value = parts.put(before, wanted)
    const stale = new Map(now.stale)
    for (const [id, change] of asked) if (stale.get(id) === change) stale.delete(id)
    this.#store(
      key,
      { ...now, stale: stale.size > 0 ? stale : undefined },
      value,
      bytes + parts.growth(before, value, wanted.keys()),
      () => {
        const { held } = now
        return 'text' in held ? parts.putPacked(held.text, wanted) : packing!.pack(value)
      },
    )
    if (this.#kept.has(key)) parts.onPut(key, wanted)
    return value
  }

  #valueOf(key: string, { held, size }: Kept<Value>): { value: Value; bytes: number } {
    if ('value' in held) return { value: held.value, bytes: size }
    const open = this.#open!.get(key)
    if (open) return open
    const value = this.#options.packing!.unpack(held.text)
    const bytes = this.#sizeOf(value, key)
    this.#open!.set(key, { value, bytes }, { size: bytes })
    return { value, bytes }
  }

  #dropped({ group, held }: Kept<Value>, key: string): void {
    const { onDropped, packing } = this.#options
    const members = this.#groups.get(group)
    members?.delete(key)
    if (members?.size === 0) this.#groups.delete(group)
    const value = 'value' in held ? held.value : this.#open!.peek(key)?.value
    this.#open?.delete(key)
    onDropped?.(key, value ?? packing!.unpack((held as { text: string }).text))
  }

  #sizeOf(value: Value, key: string): number {
    return Math.max(1, Math.ceil(this.#options.bytesOf(value, key)))
  }
}

/** So many parts are not read again by themselves, and their ids are to take little room beside what is kept. */
function isTooStale({ stale, size }: Kept<unknown>): boolean {
  return stale !== undefined && stale.size * staleBytes > size / 16
}

/** A letter beyond Latin-1 makes all of them take two bytes. */
function bytesOf(text: string): number {
  // oxlint-disable-next-line no-control-regex -- all of Latin-1
  return /^[\u0000-\u00ff]*$/.test(text) ? text.length : text.length * 2
}

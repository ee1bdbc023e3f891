import { LRUCache } from 'lru-cache'

/** A cache bounded by bytes, whose entries belong to a group and can be dropped by it. */
export class GroupedCache<Value extends object> {
  readonly #entries: LRUCache<string, { group: string; value: Value }>
  readonly #groups = new Map<string, Set<string>>()

  /** `dropped` hears of every entry that leaves, for whatever reason. */
  constructor(maxBytes: number, dropped: (key: string, value: Value) => void = () => {}) {
    this.#entries = new LRUCache({
      maxSize: Math.max(1, Math.floor(maxBytes)),
      dispose: ({ group, value }, key) => {
        const members = this.#groups.get(group)
        members?.delete(key)
        if (members?.size === 0) this.#groups.delete(group)
        dropped(key, value)
      },
    })
  }

  get bytes(): number {
    return this.#entries.calculatedSize
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value
  }

  /** An entry larger than the whole cache is not kept; the answer tells. */
  set(key: string, group: string, value: Value, bytes: number): boolean {
    this.#entries.set(key, { group, value }, { size: Math.max(1, Math.ceil(bytes)) })
    if (!this.#entries.has(key)) return false
    const members = this.#groups.get(group)
    if (members) members.add(key)
    else this.#groups.set(group, new Set([key]))
    return true
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  dropGroup(group: string): void {
    for (const key of this.#groups.get(group) ?? []) this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
    this.#groups.clear()
  }
}

/**
 * Loads by key, many keys in one query: what is asked for in one turn of the event loop goes together, and a key that
 * is on its way is not asked for again.
 *
 * `forget` may come while a key is on its way. Whoever waits gets the answer, which was right when they asked; but it
 * may be from before the change, so it is not kept, and whoever asks from now on starts a new load. `overtake` is a
 * change of one of its parts: it is kept, and `overtaken` hears which parts may be from before their changes.
 */
export interface Loader<Value> {
  get(key: string): Promise<Value | undefined>
  overtake(key: string, part: string, change: number): void
  forget(key: string): void
  forgetAll(): void
}

interface Asked<Value> extends PromiseWithResolvers<Value | undefined> {
  /** By part, the last change that came while it was on its way. */
  parts?: Map<string, number>
}

const MAX_KEYS = 200

export function createLoader<Value>(
  load: (keys: string[]) => Promise<Map<string, Value>>,
  keep: (key: string, value: Value | undefined) => void,
  overtaken?: (value: Value, parts: Map<string, number>) => void,
): Loader<Value> {
  const underWay = new Map<string, Asked<Value>>()
  let waiting: [string, Asked<Value>][] = []

  async function fetch(batch: [string, Asked<Value>][]): Promise<void> {
    try {
      const found = await load(batch.map(([key]) => key))
      for (const [key, asked] of batch) {
        const value = found.get(key)
        if (value !== undefined && asked.parts) overtaken?.(value, asked.parts)
        if (underWay.get(key) === asked) {
          underWay.delete(key)
          keep(key, value)
        }
        asked.resolve(value)
      }
    } catch (error) {
      for (const [key, asked] of batch) {
        if (underWay.get(key) === asked) underWay.delete(key)
        asked.reject(error)
      }
    }
  }

  function flush(): void {
    const batch = waiting
    waiting = []
    for (let from = 0; from < batch.length; from += MAX_KEYS)
      void fetch(batch.slice(from, from + MAX_KEYS))
  }

  return {
    get(key) {
      const found = underWay.get(key)
      if (found) return found.promise
      const asked: Asked<Value> = Promise.withResolvers<Value | undefined>()
      underWay.set(key, asked)
      // Not a microtask: requests that came over the same sockets' turn would each make a query of their own.
      if (waiting.push([key, asked]) === 1) setImmediate(flush)
      return asked.promise
    },
    overtake(key, part, change) {
      const asked = underWay.get(key)
      if (asked) (asked.parts ??= new Map()).set(part, change)
    },
    forget: (key) => void underWay.delete(key),
    forgetAll: () => underWay.clear(),
  }
}

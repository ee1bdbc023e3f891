import type { Call, CallOptions } from './client-http.ts'
import type { Query } from './request-url.ts'

/** One page of a list. `iterator` asks for the next, `prevIterator` for the one before. */
export interface Page<Item> {
  data: Item[]
  iterator?: string | null
  prevIterator?: string | null
  /** True on the last page. */
  done: boolean
}

export interface ListOptions extends CallOptions {
  /** Items a page. */
  limit?: number
  /** From an earlier page. */
  iterator?: string | null
}

/**
 * `await` it for one page, or go over all items of all pages by `for await`; each page is fetched when the one before
 * is used up.
 */
export type List<Item> = Promise<Page<Item>> & AsyncIterable<Item>

/** `path` is a function so that a missing id rejects, as every other mistake in a call does. */
export function list<Item>(call: Call, path: () => string, options: ListOptions = {}): List<Item> {
  const { signal, timeoutMs, iterator: start, ...filters } = options
  const load = async (iterator: string | null | undefined): Promise<Page<Item>> => {
    const query: Query = { ...filters, iterator }
    return call<Page<Item>>({ method: 'GET', path: path(), query }, { signal, timeoutMs })
  }
  const first = load(start)
  return Object.assign(first, {
    async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
      let at = start
      for (let page = await first; ; page = await load(at)) {
        yield* page.data
        if (page.done) return
        // Else the same page would come for ever.
        if (!page.iterator || page.iterator === at)
          throw new Error(`${path()} says there are more pages, but not where.`)
        at = page.iterator
      }
    },
  })
}

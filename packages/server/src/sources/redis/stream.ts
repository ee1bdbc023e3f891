import type { Fate, ReadItem } from '../broker/acceptance.ts'
import type { Consumer } from '../broker/broker.ts'
import { isConnectionError } from '../broker/redis-connection.ts'
import { Connections, type RedisDeps, usualBatch } from './connections.ts'
import { readEntry } from './element.ts'

export interface StreamDeps extends RedisDeps {
  group: string
  /** After how long an entry that a consumer has and does not acknowledge is taken over: a node's lease. */
  idleMs: number
}

export type Entry = [id: string, fields: Buffer[] | null]

/** An entry that was deleted while it was in hand has an id and nothing else. */
export const deletedEntry = 'it was deleted from the stream'

const blockMs = 5_000

/**
 * KEYS: the stream. ARGV: the group, after how long a consumer is gone (ms). Forgets those that have nothing in hand.
 */
const forget = `
local gone = 0
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local one = {}
  for i = 1, #info, 2 do one[info[i]] = info[i + 1] end
  if one['pending'] == 0 and one['idle'] >= tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], one['name'])
    gone = gone + 1
  end
end
return gone`

/**
 * Reads one stream as a member of a consumer group. An entry is acknowledged after it was accepted; what a consumer
 * leaves behind when it dies is taken over. The entry's id tells repeats, so that two consumers that have the same
 * entry store one message.
 */
export class StreamConsumer implements Consumer<Entry> {
  readonly name: string
  readonly isConnectionError = isConnectionError
  readonly #deps: StreamDeps
  readonly #redis = new Connections()
  readonly #idleMs: number
  readonly #batch: number
  #claimedAt = -Infinity

  constructor(deps: StreamDeps) {
    this.#deps = deps
    this.name = `the stream ${deps.key}`
    this.#idleMs = deps.idleMs
    this.#batch = deps.batch ?? usualBatch
  }

  async open(onError: (error: Error) => void): Promise<void> {
    await this.#redis.open(this.#deps, 'pombo-stream', onError)
  }

  async *batches(): AsyncGenerator<Entry[]> {
    await this.#makeGroup()
    // Entries that are this consumer's and were not acknowledged: the answer that brought them, or the
    // acknowledgement, was lost.
    for (let from = '0'; ; ) {
      const entries = await this.#read(from)
      if (entries.length === 0) break
      yield entries
      from = entries.at(-1)![0]
    }
    // It is read, though nothing may come for long.
    yield []
    for (;;) {
      yield* this.#takeOver()
      yield await this.#read('>')
    }
  }

  read([id, fields]: Entry): ReadItem {
    const { key, maxPayloadBytes } = this.#deps
    return fields === null
      ? { ok: false, problem: deletedEntry }
      : readEntry(id, fields, key, maxPayloadBytes)
  }

  async #makeGroup(): Promise<void> {
    const { key, group } = this.#deps
    try {
      await this.#redis.commands.xgroup('CREATE', key, group, 0, 'MKSTREAM')
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('BUSYGROUP')) throw error
    }
  }

  async #read(from: string): Promise<Entry[]> {
    const { key, group, consumer } = this.#deps
    const words = ['GROUP', group, consumer, 'COUNT', this.#batch]
    const { blocking, commands } = this.#redis
    const reply =
      from === '>'
        ? await blocking.callBuffer('XREADGROUP', ...words, 'BLOCK', blockMs, 'STREAMS', key, from)
        : await commands.callBuffer('XREADGROUP', ...words, 'STREAMS', key, from)
    const [stream] = (reply ?? []) as [Buffer, unknown[]][]
    return (stream?.[1] ?? []).map(asEntry)
  }

  /**
   * What another consumer has and does not acknowledge; every quarter of the time after which that counts as
   * forsaken.
   */
  async *#takeOver(): AsyncGenerator<Entry[]> {
    const { key, group, consumer } = this.#deps
    if (performance.now() - this.#claimedAt < this.#idleMs / 4) return
    for (let from = '0-0'; ; ) {
      const words = [key, group, consumer, this.#idleMs, from, 'COUNT', this.#batch]
      const claimed = await this.#redis.commands.callBuffer('XAUTOCLAIM', ...words)
      const [next, entries] = claimed as [Buffer, unknown[]]
      // Redis 6.2 names those that were deleted in the meantime as nothing.
      yield entries.filter((entry) => entry !== null).map(asEntry)
      from = next.toString()
      if (from === '0-0') break
    }
    // An hour's restarts must not leave a hundred consumers.
    await this.#redis.script(forget, [key], group, Math.max(10 * this.#idleMs, 1_000))
    this.#claimedAt = performance.now()
  }

  async settle(entries: readonly Entry[], fates: readonly Fate[]): Promise<void> {
    const { key, log, refused = `${key}:pombo:refused` } = this.#deps
    await this.#acknowledge(entries.filter((_, index) => fates[index]!.kind === 'accepted'))
    for (const [index, fate] of fates.entries()) {
      if (fate.kind !== 'refused') continue
      const [id, fields] = entries[index]!
      const aside = [refused, '*', 'id', id, 'problem', fate.problem]
      // Pending until it is set aside for certain; a lost answer sets it aside twice.
      await this.#redis.commands.call('XADD', ...aside, ...(fields ?? []))
      await this.#acknowledge([[id, fields]])
      log(`entry ${id} of ${this.name} was refused and set aside: ${fate.problem}`)
    }
  }

  async #acknowledge(entries: readonly Entry[]): Promise<void> {
    const { key, group } = this.#deps
    if (entries.length > 0)
      await this.#redis.commands.xack(key, group, ...entries.map(([id]) => id))
  }

  /**
   * What this consumer still has in hand is made to look forsaken, so that the next one need not wait to take it
   * over.
   */
  async #leave(): Promise<void> {
    const { key, group, consumer } = this.#deps
    const { commands } = this.#redis
    for (let from = '-'; ; ) {
      const pending = await commands.xpending(key, group, from, '+', this.#batch, consumer)
      const ids = (pending as [string, ...unknown[]][]).map(([id]) => id)
      if (ids.length > 0)
        await commands.call(
          'XCLAIM',
          key,
          group,
          consumer,
          0,
          ...ids,
          'IDLE',
          this.#idleMs,
          'JUSTID',
        )
      else if (from === '-') await commands.xgroup('DELCONSUMER', key, group, consumer)
      if (ids.length < this.#batch) return
      from = `(${ids.at(-1)!}`
    }
  }

  interrupt(): void {
    this.#redis.interrupt()
  }

  abort(): void {
    this.#redis.abort()
  }

  async close(): Promise<void> {
    await this.#redis.close(() => this.#leave())
  }
}

function asEntry(reply: unknown): Entry {
  const [id, fields] = reply as [Buffer, Buffer[] | null]
  return [id.toString(), fields]
}

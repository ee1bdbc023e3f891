import { isUtf8 } from 'node:buffer'
import type { Fate, ReadItem } from '../broker/acceptance.ts'
import type { Consumer } from '../broker/broker.ts'
import { isConnectionError } from '../broker/redis-connection.ts'
import { Connections, type RedisDeps, type RedisValue, usualBatch } from './connections.ts'
import { readElement } from './element.ts'

export interface ListDeps extends RedisDeps {
  /** Where the oldest element is. */
  end: 'right' | 'left'
  /** After how long without a heartbeat a reader is dead and its elements go back. */
  deadMs?: number
}

const blockSeconds = 5

/** An element, and whether it may have been accepted before: a dead reader had it, or an answer was lost. */
export interface ListElement {
  bytes: Buffer
  again: boolean
}

/**
 * Gives the elements that a reader had in hand back to the list, or to the own list of one that takes them over, in
 * their order, and forgets the reader: all of it, or nothing. One that gives back its own stays known, since what it
 * waited for may still come to it. KEYS: readers, its own list, where to. ARGV: its name; after how long it is dead
 * (ms; 0: its own wish); the ends to move from and to.
 */
const giveBack = `
local seen = redis.call('ZSCORE', KEYS[1], ARGV[1])
local now = redis.call('TIME')
local nowMs = now[1] * 1000 + math.floor(now[2] / 1000)
if tonumber(ARGV[2]) > 0 and seen and nowMs - seen < tonumber(ARGV[2]) then return -1 end
local moved = 0
while redis.call('LMOVE', KEYS[2], KEYS[3], ARGV[3], ARGV[4]) do moved = moved + 1 end
if tonumber(ARGV[2]) > 0 then redis.call('ZREM', KEYS[1], ARGV[1]) end
return moved`

/** Up to so many more, without waiting. KEYS: the list, the own one. ARGV: how many; the ends to move from and to. */
const takeMore = `
local taken = {}
for i = 1, tonumber(ARGV[1]) do
  local one = redis.call('LMOVE', KEYS[1], KEYS[2], ARGV[2], ARGV[3])
  if not one then break end
  taken[i] = one
end
return taken`

/** KEYS: readers. ARGV: its name. Says that it lives, and who else was ever heard of. */
const beat = `
local now = redis.call('TIME')
redis.call('ZADD', KEYS[1], now[1] * 1000 + math.floor(now[2] / 1000), ARGV[1])
return redis.call('ZRANGE', KEYS[1], 0, -1)`

/** Removes as many of each as are named. KEYS: the own list. ARGV: how many, the element, how many, the element… */
const remove = `
for i = 1, #ARGV, 2 do redis.call('LREM', KEYS[1], ARGV[i], ARGV[i + 1]) end`

/**
 * An element that can be no message leaves the own list only when it is where it is set aside; carried out twice, it
 * is there once. KEYS: the own list, where to. ARGV: the element, what is written of it.
 */
const setAside = `
if not redis.call('LPOS', KEYS[1], ARGV[1]) then return 0 end
redis.call('LPUSH', KEYS[2], ARGV[2])
return redis.call('LREM', KEYS[1], 1, ARGV[1])`

/**
 * Reads one list. Elements are moved to a list of this reader's own, accepted, and then removed from it. A reader
 * that dies in between leaves them there, and the next one that notices gives them back.
 */
export class ListConsumer implements Consumer<ListElement> {
  readonly name: string
  readonly heartbeat: { everyMs: number; beat: () => Promise<void> }
  readonly isConnectionError = isConnectionError
  readonly #deps: ListDeps
  readonly #redis = new Connections()
  readonly #deadMs: number
  readonly #own: string
  readonly #readers: string
  /** The ends of the two lists that elements are moved from and to. */
  readonly #ends: readonly [string, string]
  #beatAt = -Infinity
  #stopping = false

  constructor(deps: ListDeps) {
    const { key, consumer, end, deadMs = 30_000 } = deps
    this.#deps = deps
    this.name = `the list ${key}`
    this.#deadMs = deadMs
    this.heartbeat = { everyMs: deadMs / 3, beat: async () => void (await this.#beat()) }
    this.#own = `${key}:pombo:${consumer}`
    this.#readers = `${key}:pombo:readers`
    this.#ends = end === 'right' ? ['RIGHT', 'LEFT'] : ['LEFT', 'RIGHT']
  }

  async open(onError: (error: Error) => void): Promise<void> {
    await this.#redis.open(this.#deps, 'pombo-list', onError)
  }

  async *batches(): AsyncGenerator<ListElement[]> {
    for (let unsure = true; ; unsure = false) {
      // A Redis that had not noticed a broken connection may have moved an element for it later: looked for with each
      // heartbeat.
      if ((await this.#beat()) || unsure) {
        const left = await this.#redis.commands.lrangeBuffer(this.#own, 0, -1)
        const inOrder = this.#deps.end === 'right' ? left.toReversed() : left
        // An empty batch says that the list is read, though nothing may come for long. It may be no list.
        if (unsure) await this.#redis.commands.llen(this.#deps.key)
        if (left.length > 0 || unsure) yield inOrder.map((bytes) => ({ bytes, again: true }))
      }
      yield (await this.#next()).map((bytes) => ({ bytes, again: false }))
    }
  }

  /** Pure. */
  read({ bytes }: ListElement): ReadItem {
    return readElement(bytes, this.#deps.key, this.#deps.maxPayloadBytes)
  }

  /** Waits for one, and takes as many as there are with it. */
  async #next(): Promise<Buffer[]> {
    const keys = [this.#deps.key, this.#own]
    const { blocking } = this.#redis
    const first = await blocking.callBuffer('BLMOVE', ...keys, ...this.#ends, blockSeconds)
    if (first === null) return []
    const more = await this.#redis.script(
      takeMore,
      keys,
      (this.#deps.batch ?? usualBatch) - 1,
      ...this.#ends,
    )
    return [first as Buffer, ...(more as Buffer[])]
  }

  /**
   * What was accepted goes first: what is refused and cannot be set aside stays, and nothing else is accepted twice
   * for it.
   */
  async settle(all: readonly ListElement[], fates: readonly Fate[]): Promise<void> {
    const elements = all.map(({ bytes }) => bytes)
    const removed = removals(elements, fates).flatMap(({ bytes, count }) => [count, bytes])
    if (removed.length > 0) await this.#certainly(remove, [this.#own], ...removed)
    const { key, refused = `${key}:pombo:refused` } = this.#deps
    const keys = [this.#own, refused]
    for (const [index, bytes] of elements.entries()) {
      const fate = fates[index]!
      if (fate.kind !== 'refused') continue
      await this.#certainly(setAside, keys, bytes, refusal(bytes, fate.problem))
      this.#deps.log(`an element of ${this.name} was refused and set aside: ${fate.problem}`)
    }
  }

  /** Until Redis has answered it: to be carried out twice does no harm. */
  async #certainly(lua: string, keys: string[], ...args: RedisValue[]): Promise<void> {
    for (;;) {
      try {
        await this.#redis.script(lua, keys, ...args)
        return
      } catch (error) {
        if (!isConnectionError(error) || this.#redis.commands.status === 'end') throw error
        // A stop is not held up by a Redis that is away; what is not removed will be a repeat.
        if (this.#stopping) return
      }
    }
  }

  /** Says that this reader lives, and gives back what dead ones had; false while the last heartbeat is fresh. */
  async #beat(): Promise<boolean> {
    if (performance.now() - this.#beatAt < this.#deadMs / 4) return false
    const { consumer } = this.#deps
    const readers = (await this.#redis.script(beat, [this.#readers], consumer)) as Buffer[]
    this.#beatAt = performance.now()
    for (const reader of readers.map(String))
      if (reader !== consumer) await this.#giveBack(reader, this.#deadMs)
    return true
  }

  async #giveBack(reader: string, deadMs: number): Promise<void> {
    const { key, log, consumer } = this.#deps
    // What a dead one had is met again by who takes it over, and not by somebody who could not know it.
    const target = reader === consumer ? key : this.#own
    const keys = [this.#readers, `${key}:pombo:${reader}`, target]
    const [from, to] = this.#ends
    const moved = await this.#redis.script(giveBack, keys, reader, deadMs, to, from)
    if (typeof moved === 'number' && moved > 0 && reader !== consumer)
      log(`${moved} elements that ${reader} had in hand were taken over, of ${this.name}`)
  }

  interrupt(): void {
    this.#stopping = true
    this.#redis.interrupt()
  }

  abort(): void {
    this.#redis.abort()
  }

  async close(): Promise<void> {
    await this.#redis.close(() => this.#giveBack(this.#deps.consumer, 0))
  }
}

/** Equal elements cannot be told apart: as many go as were accepted. */
function removals(elements: readonly Buffer[], fates: readonly Fate[]) {
  const equal = new Map<string, { bytes: Buffer; count: number }>()
  for (const [index, bytes] of elements.entries()) {
    if (fates[index]!.kind !== 'accepted') continue
    const id = bytes.toString('latin1')
    const sum = equal.get(id) ?? { bytes, count: 0 }
    sum.count += 1
    equal.set(id, sum)
  }
  return [...equal.values()]
}

/** An element that can be no message, for whoever looks after it: with every byte that it had. */
function refusal(bytes: Buffer, problem: string): string {
  const element = isUtf8(bytes)
    ? { element: bytes.toString() }
    : { elementBase64: bytes.toString('base64') }
  return JSON.stringify({ problem, at: new Date().toISOString(), ...element })
}

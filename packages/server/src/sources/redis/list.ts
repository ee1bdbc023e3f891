import { isUtf8 } from 'node:buffer'
import { setTimeout as sleep } from 'node:timers/promises'
import { finished, isConnectionError, RedisConnection } from '../broker/redis-connection.ts'
import type { RedisArgument } from '../broker/redis-protocol.ts'
import { acceptAll, type AcceptanceDeps, type Fate } from './acceptance.ts'
import { readElement } from './element.ts'

export interface ListDeps extends AcceptanceDeps {
  url: string
  key: string
  /** Where the oldest element is. */
  end: 'right' | 'left'
  /** Names this process among all that read the list. */
  consumer: string
  maxPayloadBytes: number
  /** After how long without a sign a reader is dead and its elements go back. */
  deadMs?: number
}

const batch = 100
const blockSeconds = 5

/**
 * Gives the elements that a reader had in hand back to the list, in their order, and forgets the reader: all of it, or nothing. One that gives
 * back its own stays known, since what it waited for may still come to it.
 * KEYS: readers, its own list, the list. ARGV: its name; after how long it is dead (ms; 0: its own wish); the ends to move from and to.
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

/**
 * An element that can be no message leaves the own list only when it is where it is set aside; carried out twice, it is there once.
 * KEYS: the own list, where to. ARGV: the element, what is written of it.
 */
const setAside = `
if not redis.call('LPOS', KEYS[1], ARGV[1]) then return 0 end
redis.call('LPUSH', KEYS[2], ARGV[2])
return redis.call('LREM', KEYS[1], 1, ARGV[1])`

/**
 * Reads one list. Elements are moved to a list of this reader's own, accepted, and then removed from it. Whoever dies in between leaves them
 * there, and the next reader that notices gives them back.
 */
export class ListReader {
  readonly #deps: ListDeps
  readonly #blocking: RedisConnection
  readonly #commands: RedisConnection
  readonly #own: string
  readonly #readers: string
  readonly #from: string
  readonly #to: string
  #running: Promise<void> | undefined
  #beatAt = -Infinity
  /** The answer to a move may have been lost, or the move may come after its connection broke: what it moved is in the own list. */
  #unsure = true
  #trouble = false

  constructor(deps: ListDeps) {
    this.#deps = deps
    const { url, key, consumer, end } = deps
    this.#own = `${key}:pombo:${consumer}`
    this.#readers = `${key}:pombo:readers`
    this.#from = end === 'right' ? 'RIGHT' : 'LEFT'
    this.#to = end === 'right' ? 'LEFT' : 'RIGHT'
    const onError = (error: Error) => this.#complain(error)
    this.#blocking = new RedisConnection({ url, name: 'pombo-list', onError })
    this.#commands = new RedisConnection({ url, name: 'pombo', onError })
  }

  start(): void {
    this.#blocking.open()
    this.#commands.open()
    this.#running = this.#run()
  }

  /** What is in hand is accepted and removed, or given back. `stopping` has to be aborted before. */
  async stop(): Promise<void> {
    this.#blocking.close()
    await finished(this.#running, this.#commands)
    if (this.#commands.state === 'ready')
      await this.#giveBack(this.#deps.consumer, 0).catch(() => {})
    await this.#commands.quit()
  }

  async #run(): Promise<void> {
    const { stopping } = this.#deps
    while (!stopping.aborted) {
      try {
        await this.#beat()
        if (this.#unsure) {
          const left = (await this.#commands.raw('LRANGE', this.#own, 0, -1)) as Buffer[]
          await this.#take(this.#from === 'RIGHT' ? left.toReversed() : left)
          this.#unsure = false
        }
        const elements = await this.#next()
        this.#recovered()
        await this.#take(elements)
      } catch (error) {
        if (stopping.aborted) return
        this.#unsure = true
        if (!isConnectionError(error)) this.#complain(error)
        await sleep(500, undefined, { signal: stopping }).catch(() => {})
      }
    }
  }

  /** Waits for one, and takes as many as there are with it. */
  async #next(): Promise<Buffer[]> {
    const keys = [this.#deps.key, this.#own]
    const ends = [this.#from, this.#to]
    const first = await this.#blocking.raw('BLMOVE', ...keys, ...ends, blockSeconds)
    if (first === null) return []
    const more = await this.#commands.raw(
      'EVAL',
      takeMore,
      keys.length,
      ...keys,
      batch - 1,
      ...ends,
    )
    return [first as Buffer, ...(more as Buffer[])]
  }

  async #take(elements: readonly Buffer[]): Promise<void> {
    if (elements.length === 0) return
    const { key, maxPayloadBytes } = this.#deps
    const beating = setInterval(() => void this.#beat().catch(() => {}), this.#deadMs / 3)
    try {
      const read = elements.map((bytes) => readElement(bytes, key, maxPayloadBytes))
      const fates = await acceptAll(read, this.#deps)
      await this.#settle(elements, fates)
    } finally {
      clearInterval(beating)
    }
  }

  /**
   * What was accepted goes first: if what is refused could not be set aside, it stays and is tried again, and nothing else is accepted twice for it.
   */
  async #settle(elements: readonly Buffer[], fates: readonly Fate[]): Promise<void> {
    const removed = removals(elements, fates).map(({ bytes, count }): RedisArgument[] => [
      'LREM',
      this.#own,
      count,
      bytes,
    ])
    if (removed.length > 0) await this.#certainly([['MULTI'], ...removed, ['EXEC']])
    const keys = [this.#own, `${this.#deps.key}:pombo:refused`]
    for (const [index, bytes] of elements.entries()) {
      const fate = fates[index]!
      if (fate.kind !== 'refused') continue
      await this.#certainly([
        ['EVAL', setAside, keys.length, ...keys, bytes, refusal(bytes, fate.problem)],
      ])
      this.#deps.log(
        `an element of the list ${this.#deps.key} was refused and set aside: ${fate.problem}`,
      )
    }
  }

  /** Until Redis has answered it: to be carried out twice does no harm. */
  async #certainly(commands: RedisArgument[][]): Promise<void> {
    for (;;) {
      try {
        const answer = (await this.#commands.all(commands)).at(-1)
        if (answer instanceof Error) throw answer
        return
      } catch (error) {
        if (!isConnectionError(error) || this.#commands.state === 'closed') throw error
        // A stop is not held up by a Redis that is away; what is not removed will be a repeat.
        if (this.#deps.stopping.aborted) return
      }
    }
  }

  get #deadMs(): number {
    return this.#deps.deadMs ?? 30_000
  }

  async #beat(): Promise<void> {
    if (performance.now() - this.#beatAt < this.#deadMs / 4) return
    const { consumer } = this.#deps
    const readers = (await this.#commands.command(
      'EVAL',
      beat,
      1,
      this.#readers,
      consumer,
    )) as string[]
    this.#beatAt = performance.now()
    // A Redis that had not noticed the broken connection may have moved one for it later.
    this.#unsure = true
    for (const reader of readers)
      if (reader !== consumer) await this.#giveBack(reader, this.#deadMs)
  }

  async #giveBack(reader: string, deadMs: number): Promise<void> {
    const { key, log, consumer } = this.#deps
    const keys = [this.#readers, `${key}:pombo:${reader}`, key]
    const moved = await this.#commands.command(
      'EVAL',
      giveBack,
      keys.length,
      ...keys,
      reader,
      deadMs,
      this.#to,
      this.#from,
    )
    if (typeof moved === 'number' && moved > 0 && reader !== consumer)
      log(`${moved} elements that ${reader} had in hand were given back to the list ${key}`)
  }

  #recovered(): void {
    if (this.#trouble) this.#deps.log(`the list ${this.#deps.key} is read again`)
    this.#trouble = false
  }

  #complain(error: unknown): void {
    if (this.#trouble || this.#deps.stopping.aborted) return
    this.#trouble = true
    this.#deps.log(`the list ${this.#deps.key} cannot be read; trying again`, error)
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

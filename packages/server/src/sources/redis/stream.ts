import { setTimeout as sleep } from 'node:timers/promises'
import { finished, isConnectionError, RedisConnection } from '../broker/redis-connection.ts'
import type { RawReply, RedisArgument } from '../broker/redis-protocol.ts'
import { acceptAll, type AcceptanceDeps } from './acceptance.ts'
import { readEntry } from './element.ts'

export interface StreamDeps extends AcceptanceDeps {
  url: string
  key: string
  group: string
  /** Names this process within the group. */
  consumer: string
  maxPayloadBytes: number
  /** After how long an entry that somebody has and does not acknowledge is taken over. */
  idleMs?: number
}

type Entry = [id: string, fields: Buffer[] | null]

const batch = 100
const blockMs = 5_000
const defaultIdleMs = 60_000

/** KEYS: the stream. ARGV: the group, after how long a consumer is gone (ms). Forgets those that have nothing in hand. */
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
 * Reads one stream as a member of a consumer group. An entry is acknowledged after it was accepted; what a consumer leaves behind when it dies
 * is taken over. The entry's id tells repeats, so that two who have the same entry store one message.
 */
export class StreamReader {
  readonly #deps: StreamDeps
  readonly #blocking: RedisConnection
  readonly #commands: RedisConnection
  #running: Promise<void> | undefined
  #claimedAt = -Infinity
  /** Entries may be this consumer's that it has not heard of. */
  #unsure = true
  #trouble = false

  constructor(deps: StreamDeps) {
    this.#deps = deps
    const onError = (error: Error) => this.#complain(error)
    this.#blocking = new RedisConnection({ url: deps.url, name: 'pombo-stream', onError })
    this.#commands = new RedisConnection({ url: deps.url, name: 'pombo', onError })
  }

  start(): void {
    this.#blocking.open()
    this.#commands.open()
    this.#running = this.#run()
  }

  /** What is in hand is accepted and acknowledged, or left for another consumer. `stopping` has to be aborted before. */
  async stop(): Promise<void> {
    this.#blocking.close()
    await finished(this.#running, this.#commands)
    if (this.#commands.state === 'ready') await this.#leave().catch(() => {})
    await this.#commands.quit()
  }

  async #run(): Promise<void> {
    const { stopping } = this.#deps
    while (!stopping.aborted) {
      try {
        if (this.#unsure) {
          await this.#makeGroup()
          await this.#own()
          this.#unsure = false
        }
        await this.#takeOver()
        const entries = await this.#read('>')
        this.#recovered()
        await this.#take(entries)
      } catch (error) {
        if (stopping.aborted) return
        this.#unsure = true
        if (!isConnectionError(error)) this.#complain(error)
        await sleep(500, undefined, { signal: stopping }).catch(() => {})
      }
    }
  }

  async #makeGroup(): Promise<void> {
    const { key, group } = this.#deps
    try {
      await this.#commands.command('XGROUP', 'CREATE', key, group, 0, 'MKSTREAM')
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('BUSYGROUP')) throw error
    }
  }

  async #read(from: string): Promise<Entry[]> {
    const { key, group, consumer } = this.#deps
    const words: RedisArgument[] = ['XREADGROUP', 'GROUP', group, consumer, 'COUNT', batch]
    const reply =
      from === '>'
        ? await this.#blocking.raw(...words, 'BLOCK', blockMs, 'STREAMS', key, from)
        : await this.#commands.raw(...words, 'STREAMS', key, from)
    const [stream] = (reply ?? []) as [Buffer, RawReply[]][]
    return (stream?.[1] ?? []).map(asEntry)
  }

  /** Entries that are this consumer's and were not acknowledged: the answer that brought them, or the acknowledgement, was lost. */
  async #own(): Promise<void> {
    for (let from = '0'; !this.#deps.stopping.aborted; ) {
      const entries = await this.#read(from)
      if (entries.length === 0) return
      await this.#take(entries)
      from = entries.at(-1)![0]
    }
  }

  async #takeOver(): Promise<void> {
    const { key, group, consumer, idleMs = defaultIdleMs } = this.#deps
    if (performance.now() - this.#claimedAt < idleMs / 4) return
    for (let from = '0-0'; !this.#deps.stopping.aborted; ) {
      const claimed = await this.#commands.raw(
        'XAUTOCLAIM',
        key,
        group,
        consumer,
        idleMs,
        from,
        'COUNT',
        batch,
      )
      const [next, entries] = claimed as [Buffer, RawReply[]]
      // Redis 6.2 names those that were deleted in the meantime as nothing.
      await this.#take(entries.filter((entry) => entry !== null).map(asEntry))
      from = next.toString()
      if (from === '0-0') break
    }
    // An hour's restarts must not leave a hundred consumers.
    await this.#commands.command('EVAL', forget, 1, key, group, Math.max(10 * idleMs, 1_000))
    this.#claimedAt = performance.now()
  }

  /** What this consumer has in hand still is made to look forsaken, so that the next one need not wait to take it over. */
  async #leave(): Promise<void> {
    const { key, group, consumer, idleMs = defaultIdleMs } = this.#deps
    const of = [key, group]
    for (let from = '-'; ; ) {
      const pending = await this.#commands.command('XPENDING', ...of, from, '+', batch, consumer)
      const ids = (pending as [string, ...unknown[]][]).map(([id]) => id)
      if (ids.length > 0)
        await this.#commands.command('XCLAIM', ...of, consumer, 0, ...ids, 'IDLE', idleMs, 'JUSTID')
      else if (from === '-') await this.#commands.command('XGROUP', 'DELCONSUMER', ...of, consumer)
      if (ids.length < batch) return
      from = `(${ids.at(-1)!}`
    }
  }

  async #take(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return
    const { key, maxPayloadBytes, log } = this.#deps
    const read = entries.map(([id, fields]) =>
      // An entry that was deleted while it was in hand has an id and nothing else.
      fields === null
        ? { ok: false as const, problem: 'it was deleted from the stream' }
        : readEntry(id, fields, key, maxPayloadBytes),
    )
    const fates = await acceptAll(read, this.#deps)
    const acknowledged = entries.filter((_, index) => fates[index]!.kind === 'accepted')
    await this.#acknowledge(acknowledged)
    for (const [index, fate] of fates.entries()) {
      if (fate.kind !== 'refused') continue
      const entry = entries[index]!
      const [id, fields] = entry
      const aside = ['XADD', `${key}:pombo:refused`, '*', 'id', id, 'problem', fate.problem]
      // Pending until it is set aside for certain; a lost answer sets it aside twice.
      await this.#commands.command(...aside, ...(fields ?? []))
      await this.#acknowledge([entry])
      log(`entry ${id} of the stream ${key} was refused and set aside: ${fate.problem}`)
    }
  }

  async #acknowledge(entries: readonly Entry[]): Promise<void> {
    const { key, group } = this.#deps
    if (entries.length > 0)
      await this.#commands.command('XACK', key, group, ...entries.map(([id]) => id))
  }

  #recovered(): void {
    if (this.#trouble) this.#deps.log(`the stream ${this.#deps.key} is read again`)
    this.#trouble = false
  }

  #complain(error: unknown): void {
    if (this.#trouble || this.#deps.stopping.aborted) return
    this.#trouble = true
    this.#deps.log(`the stream ${this.#deps.key} cannot be read; trying again`, error)
  }
}

function asEntry(reply: RawReply): Entry {
  const [id, fields] = reply as [Buffer, Buffer[] | null]
  return [id.toString(), fields]
}

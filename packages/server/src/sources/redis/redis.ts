/**
 * Events out of plain Redis lists and streams. Every process reads all that are named; Redis shares them out.
 *
 * Promises: an element leaves Redis only after its message is durable, or was set aside with the reason (`<key>:pombo:refused`); what a reader that
 * died had in hand is taken up by another; Redis and Pombo's database may go and come back. Entries of a stream, and elements that name an
 * `eventId`, are stored once; payloads leave as they were written.
 */
import type { Accepted, IncomingMessage } from '../../core/message.ts'
import { ListReader } from './list.ts'
import type { RedisKey } from './settings.ts'
import { StreamReader } from './stream.ts'

export interface RedisSourcesDeps {
  url: string
  lists: readonly RedisKey[]
  listEnd: 'right' | 'left'
  streams: readonly RedisKey[]
  group: string
  /** Uid of the app for those that name none. */
  defaultApp: string
  /** Names this process among all that read. */
  consumer: string
  tenantId: string
  /** The uuid of the app with this uid, made where it is missing. */
  appIdOf: (uid: string) => Promise<string>
  accept: (message: IncomingMessage) => Promise<Accepted>
  maxPayloadBytes: number
  log: (message: string, error?: unknown) => void
  /** After how long without a sign a reader counts as dead. */
  deadMs?: number
}

export class RedisSources {
  readonly #stopping = new AbortController()
  readonly #readers: (ListReader | StreamReader)[]

  constructor(deps: RedisSourcesDeps) {
    const { url, consumer, tenantId, accept, maxPayloadBytes, log } = deps
    const common = { url, consumer, tenantId, accept, maxPayloadBytes, log }
    const appOf = ({ app }: RedisKey) => ({
      appId: () => deps.appIdOf(app ?? deps.defaultApp),
      stopping: this.#stopping.signal,
    })
    const dead = deps.deadMs
    this.#readers = [
      ...deps.lists.map(
        (list) =>
          new ListReader({
            ...common,
            ...appOf(list),
            key: list.key,
            end: deps.listEnd,
            ...(dead !== undefined && { deadMs: dead }),
          }),
      ),
      ...deps.streams.map(
        (stream) =>
          new StreamReader({
            ...common,
            ...appOf(stream),
            key: stream.key,
            group: deps.group,
            ...(dead !== undefined && { idleMs: dead }),
          }),
      ),
    ]
  }

  start(): void {
    for (const reader of this.#readers) reader.start()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#readers.map((reader) => reader.stop()))
  }
}

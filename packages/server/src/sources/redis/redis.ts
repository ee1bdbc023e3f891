/**
 * Events out of plain Redis lists and streams. Every process reads all that are named; Redis shares them out.
 *
 * Promises: an element leaves Redis only after its message is durable, or was set aside with the reason
 * (`<key>:pombo:refused`); what a reader that died had in hand is taken up by another; Redis and Pombo's database may
 * go and come back. Entries of a stream, and elements that name an `eventId`, are stored once; payloads leave as they
 * were written.
 */
import type { Accepted, IncomingMessage } from '../../core/message.ts'
import { acceptAll, type ReadItem } from '../broker/acceptance.ts'
import { type Consumer, Puller } from '../broker/broker.ts'
import { ListConsumer } from './list.ts'
import type { RedisKey } from './settings.ts'
import { StreamConsumer } from './stream.ts'

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
  /** After how long others take over what a node has in hand of a stream. */
  leaseMs: number
  /** After how long without a sign a reader of a list counts as dead. */
  deadMs?: number
}

export class RedisSources {
  readonly #pullers: readonly { start(): void; stop(): Promise<void> }[]

  constructor(deps: RedisSourcesDeps) {
    const { url, consumer, tenantId, accept, maxPayloadBytes, log, deadMs } = deps
    const common = { url, consumer, maxPayloadBytes, log }
    const puller = <Item>(
      consumer: Consumer<Item> & { read(item: Item): ReadItem },
      { app }: RedisKey,
    ) => {
      const into = { tenantId, accept, log, appId: () => deps.appIdOf(app ?? deps.defaultApp) }
      return new Puller(consumer, {
        take: async (items, stopping) =>
          await acceptAll(
            items.map((item) => consumer.read(item)),
            'Redis',
            into,
            stopping,
          ),
        log,
      })
    }
    this.#pullers = [
      ...deps.lists.map((list) => {
        const silence = deadMs === undefined ? {} : { deadMs }
        const of = { ...common, ...silence, key: list.key, end: deps.listEnd }
        return puller(new ListConsumer(of), list)
      }),
      ...deps.streams.map((stream) => {
        const of = { ...common, key: stream.key, group: deps.group, idleMs: deps.leaseMs }
        return puller(new StreamConsumer(of), stream)
      }),
    ]
  }

  start(): void {
    for (const puller of this.#pullers) puller.start()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#pullers.map((puller) => puller.stop()))
  }
}

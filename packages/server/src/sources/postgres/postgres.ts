/**
 * Events out of PostgreSQL: the outbox that `pombo pg install` makes in a database, read by whichever node has the
 * turn. An event is written there by a trigger or by pombo.emit, in the transaction that causes it.
 *
 * Promises: what was committed becomes one message, whatever order transactions commit in and whoever is killed in
 * between; what was rolled back becomes none; rows of one ordering key are accepted in their order; a row that cannot
 * be a message is set aside with the reason and holds up nobody; and an outbox of any size costs one batch of memory.
 */
import { shownDatabase } from '../../core/database-url.ts'
import type { Accepted, IncomingMessage } from '../../core/message.ts'
import { OutboxReader } from './reader.ts'
import type { OutboxAddress } from './settings.ts'

export interface OutboxesDeps {
  /** Pombo's own database: its outbox is read where there is one. */
  ownUrl: string
  outboxes: readonly OutboxAddress[]
  /** Uid of the app for those that name none. */
  defaultApp: string
  tenantId: string
  /** The uuid of the app with this uid, made where it is missing. */
  appIdOf: (uid: string) => Promise<string>
  accept: (message: IncomingMessage) => Promise<Accepted>
  maxPayloadBytes: number
  log: (message: string, error?: unknown) => void
}

export class Outboxes {
  readonly #readers: OutboxReader[]

  constructor(deps: OutboxesDeps) {
    const { ownUrl, outboxes, defaultApp, tenantId, appIdOf, accept, maxPayloadBytes, log } = deps
    const own = { app: null, url: ownUrl }
    // Named, its own database is one of the others: two readers of one outbox would share it out between two apps.
    const all = outboxes.some(({ url }) => shownDatabase(url) === shownDatabase(ownUrl))
      ? outboxes
      : [own, ...outboxes]
    this.#readers = all.map(
      (address) =>
        new OutboxReader({
          url: address.url,
          name: shownDatabase(address.url),
          expected: address !== own,
          tenantId,
          appId: () => appIdOf(address.app ?? defaultApp),
          accept,
          maxPayloadBytes,
          log,
        }),
    )
  }

  start(): void {
    for (const reader of this.#readers) reader.start()
  }

  /** What was claimed is accepted or left where it is. */
  async stop(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.stop()))
  }
}

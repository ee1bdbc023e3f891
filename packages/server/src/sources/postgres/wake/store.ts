import type pg from 'pg'
import { openClient } from '../../../db/host-client.ts'

/** How long to leave a database alone that did not let us listen. */
const againMs = 10_000

/**
 * Rings when something was put into an outbox: LISTEN on a connection of its own. Only ever a hint, since
 * notifications are lost while nobody listens and never come through a transaction pooler; so whatever goes wrong
 * here is silent, and the reader looks every second.
 */
export class OutboxBell {
  readonly #url: string
  readonly #ring: () => void
  #client: pg.Client | undefined
  #timer: NodeJS.Timeout | undefined
  #on = false

  constructor(url: string, ring: () => void) {
    this.#url = url
    this.#ring = ring
  }

  /** Does nothing where it listens already. */
  start(): void {
    if (this.#on) return
    this.#on = true
    this.#listen()
  }

  async stop(): Promise<void> {
    this.#on = false
    clearTimeout(this.#timer)
    await this.#client?.end().catch(() => {})
  }

  #listen(): void {
    const client = openClient(this.#url, {
      application_name: 'pombo-outbox-listen',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    })
    this.#client = client
    let over = false
    const again = (): void => {
      if (over) return
      over = true
      void client.end().catch(() => {})
      if (this.#on) this.#timer = setTimeout(() => this.#on && this.#listen(), againMs).unref()
    }
    client.on('error', again)
    client.on('end', again)
    client.on('notification', this.#ring)
    // What was put in before is found by ringing once.
    client
      .connect()
      .then(() => client.query('listen pombo_outbox'))
      .then(this.#ring, again)
  }
}

/**
 * A consumer of a polling endpoint that stays connected: what it would read is sent as it comes, from where it stands.
 * The place moves on only when the consumer says that it is done with something, so that one that dies, a node that
 * stops and a connection that breaks lose nothing: what was not acknowledged is sent again.
 */
import type { FastifyRequest } from 'fastify'
import { PomboError } from '../../core/error.ts'
import { pause } from '../../core/pause.ts'
import type { Poller } from '../../registry/pollers/store.ts'
import { type ReadPage, readMessagesFrom } from './read.ts'
import { say } from '../../core/sentences/sentences.ts'
import type { Needs } from '../route-deps.ts'

/** Of one node. */
const MOST_CONNECTED = 200
const ASK_AGAIN_MS = 5_000
export const BEAT_MS = 15_000
/** After a look that failed: the database is away, and the connection stays. */
const AWAY_MS = 1_000

/** The other side of a connection. */
export interface Connection {
  /** @returns once it may be sent more; of a WebSocket, when this page is acknowledged */
  send(page: ReadPage): Promise<void>
  beat(): void
  end(reason: string): void
  /** The other side is gone, or was sent away. */
  readonly gone: AbortSignal
}

export type PushDeps = Needs<'db' | 'payloads' | 'credential' | 'stopping' | 'arrivals'> & {
  log: { warn(context: object, message: string): void }
}

export class Pushing {
  readonly #deps: PushDeps
  #connected = 0

  constructor(deps: PushDeps) {
    this.#deps = deps
  }

  /** Throws where this node has as many as it takes. */
  admit(): void {
    if (this.#deps.stopping.aborted) throw new PomboError('overloaded', { detail: say('stopping') })
    if (this.#connected >= MOST_CONNECTED)
      throw new PomboError('overloaded', {
        detail: say('consumers_enough', { count: MOST_CONNECTED }),
      })
  }

  /**
   * Sends all behind `from` until the consumer is gone. `refresh` reads the polling endpoint's settings anew, and
   * throws where it is no more.
   */
  async run(
    connection: Connection,
    given: { request: FastifyRequest; from: string; limit: number; poller: Poller },
    refresh: () => Promise<Poller>,
  ): Promise<void> {
    const { stopping } = this.#deps
    const stop = () => connection.end('this node is stopping')
    stopping.addEventListener('abort', stop)
    const beating = setInterval(() => connection.beat(), BEAT_MS)
    const state = { poller: given.poller }
    const asking = setInterval(
      () => void this.#askAgain(connection, given, state, refresh),
      ASK_AGAIN_MS,
    )
    this.#connected += 1
    try {
      await this.#sendAll(connection, given.from, given.limit, state)
    } finally {
      this.#connected -= 1
      clearInterval(beating)
      clearInterval(asking)
      stopping.removeEventListener('abort', stop)
    }
  }

  async #sendAll(
    connection: Connection,
    from: string,
    limit: number,
    state: { poller: Poller },
  ): Promise<void> {
    const { gone } = connection
    let at = from
    while (!gone.aborted) {
      const page = await this.#read(state.poller, at, limit)
      at = page?.after ?? at
      if (page && page.data.length > 0) await connection.send(page)
      if (page === undefined) await pause(AWAY_MS, gone)
      else if (page.done) at = await this.#news(state.poller.appId, at, gone)
    }
  }

  /** Waits until there is something behind `at`, and answers from where to read. */
  async #news(appId: string, at: string, gone: AbortSignal): Promise<string> {
    for (let after = at; !gone.aborted; ) {
      // The read that follows tells of a database that is away.
      const news = await this.#deps.arrivals.next(appId, after).catch(() => undefined)
      if (news === undefined || news.found) return after
      after = news.after
    }
    return at
  }

  async #read(poller: Poller, at: string, limit: number): Promise<ReadPage | undefined> {
    try {
      return await readMessagesFrom(this.#deps, poller, at, limit)
    } catch (error) {
      this.#deps.log.warn(
        { err: error },
        'a connected consumer could not be read for; trying again',
      )
      return undefined
    }
  }

  async #askAgain(
    connection: Connection,
    { request }: { request: FastifyRequest },
    state: { poller: Poller },
    refresh: () => Promise<Poller>,
  ): Promise<void> {
    try {
      const presented = await this.#deps.credential(request)
      if (!presented.known) return connection.end(presented.reason)
      state.poller = await refresh()
    } catch (error) {
      // Anything else is not known at the moment: a database that is away ends no connection.
      if (error instanceof PomboError && error.status < 500) connection.end(error.message)
    }
  }
}

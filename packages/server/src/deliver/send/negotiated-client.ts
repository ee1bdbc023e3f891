// A connection to a receiver that may speak HTTP/2: which it is shows when TLS is made, before anything is asked.
import type { Socket } from 'node:net'
import type { Client, Dispatcher } from 'undici'
import { H2Client } from './h2-client.ts'

export interface Negotiation {
  /** Calls one of the two once. The function returned gives up. */
  open(events: { onOpen(socket: Socket): void; onError(error: Error): void }): () => void
  /** Of a connection that speaks HTTP/1.1. */
  h1(socket: Socket): Client
  h2(socket: Socket): H2Client
}

/** What a connection needs of its client. */
export interface RequestClient {
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean
  destroy(error: null, callback: () => void): void
  /** Whether another request can follow. */
  isUsable?: boolean
}

export class NegotiatedClient implements RequestClient {
  readonly #negotiation: Negotiation
  #client: Client | H2Client | undefined
  #cancel: () => void = () => {}

  constructor(negotiation: Negotiation) {
    this.#negotiation = negotiation
  }

  get isUsable(): boolean {
    return !(this.#client instanceof H2Client) || this.#client.isUsable
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (this.#client) return this.#client.dispatch(options, handler)
    this.#cancel = this.#negotiation.open({
      onOpen: (socket) => {
        const isH2 = 'alpnProtocol' in socket && socket.alpnProtocol === 'h2'
        this.#client = isH2 ? this.#negotiation.h2(socket) : this.#negotiation.h1(socket)
        this.#client.dispatch(options, handler)
      },
      onError: (error) => handler.onResponseError?.(notStarted, error),
    })
    return true
  }

  destroy(error: null, callback: () => void): void {
    this.#cancel()
    if (this.#client instanceof H2Client) this.#client.destroy()
    else this.#client?.destroy(error, callback)
  }
}

/** There is nothing yet that could be paused or ended. */
const notStarted: Dispatcher.DispatchController = {
  aborted: false,
  paused: false,
  reason: null,
  abort() {},
  pause() {},
  resume() {},
}

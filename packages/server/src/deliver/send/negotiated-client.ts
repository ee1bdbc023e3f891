// A connection to a receiver that may speak HTTP/2: which it is shows when TLS is made, before anything is asked.
import type { Socket } from 'node:net'
import type { H1Client } from './h1-client.ts'
import type { H2Client } from './h2-client.ts'
import type { AnswerHandler, OutgoingRequest, RequestClient } from './request-client.ts'

export interface Negotiation {
  /** Calls one of the two once. The function returned gives up. */
  open(events: { onOpen(socket: Socket): void; onError(error: Error): void }): () => void
  /** Of a connection that speaks HTTP/1.1. */
  h1(socket: Socket): H1Client
  h2(socket: Socket): H2Client
}

export class NegotiatedClient implements RequestClient {
  readonly #negotiation: Negotiation
  #client: H1Client | H2Client | undefined
  #cancel: () => void = () => {}

  constructor(negotiation: Negotiation) {
    this.#negotiation = negotiation
  }

  get isUsable(): boolean {
    return this.#client?.isUsable ?? false
  }

  get idleMs(): number {
    return this.#client?.idleMs ?? 0
  }

  dispatch(request: OutgoingRequest, handler: AnswerHandler): void {
    if (this.#client) return this.#client.dispatch(request, handler)
    this.#cancel = this.#negotiation.open({
      onOpen: (socket) => {
        const isH2 = 'alpnProtocol' in socket && socket.alpnProtocol === 'h2'
        this.#client = isH2 ? this.#negotiation.h2(socket) : this.#negotiation.h1(socket)
        this.#client.dispatch(request, handler)
      },
      onError: (error) => handler.onError(error),
    })
    return undefined
  }

  destroy(): void {
    this.#cancel()
    this.#client?.destroy()
  }
}

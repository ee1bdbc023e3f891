import { type Apps, appCalls } from './apps.ts'
import { type Attempts, attemptCalls } from './attempts.ts'
import { type Call, type CallOptions, type ClientSettings, connect } from './client-http.ts'
import { type Endpoints, endpointCalls } from './endpoints.ts'
import { type Messages, messageCalls } from './messages.ts'

/**
 * A Pombo server's native API. Every call rejects with PomboApiError when the server refuses or does not answer, and
 * with a TypeError when it could never have been sent. Calls are repeated after 429, 502, 503, 504 and lost
 * connections, not before the time in `Retry-After`; a POST carries an idempotency key, so that a repeat does nothing
 * twice.
 */
export class PomboClient {
  readonly apps: Apps
  readonly endpoints: Endpoints
  readonly messages: Messages
  readonly attempts: Attempts
  readonly #call: Call

  constructor(settings: ClientSettings) {
    this.#call = connect(settings)
    this.apps = appCalls(this.#call)
    this.endpoints = endpointCalls(this.#call)
    this.messages = messageCalls(this.#call)
    this.attempts = attemptCalls(this.#call)
  }

  /** Resolves when the server is up and its database answers; asks once. */
  async health(options?: CallOptions): Promise<void> {
    await this.#call({ method: 'GET', path: '/api/v1/health', maxRetries: 0 }, options)
  }
}

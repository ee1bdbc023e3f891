import { type Call, type CallOptions, type CreateOptions } from './client-http.ts'
import { type List, list, type ListOptions } from './pages.ts'
import { path } from './request-url.ts'

// The wire has numbers for them.
const statuses = { success: 0, pending: 1, fail: 2, sending: 3 } as const

export type AttemptStatus = keyof typeof statuses

/** One request that was made, and what came of it. */
export interface Attempt {
  id: string
  msgId: string
  endpointId: string
  url: string
  /** Of the answer, cut to the server's limit. */
  response: string
  responseStatusCode: number
  responseDurationMs: number
  /** 0 success, 1 pending, 2 fail, 3 sending: as `statusText` says in words. */
  status: number
  statusText: AttemptStatus
  /** 0: by schedule, 1: by hand. */
  triggerType: number
  /** ISO 8601. */
  timestamp: string
}

export interface AttemptListOptions extends ListOptions {
  status?: AttemptStatus
  /** Of the answer: 400 means 400 to 499. */
  statusCodeClass?: 0 | 100 | 200 | 300 | 400 | 500
  eventTypes?: string[]
  channel?: string
  tag?: string
  before?: Date | string
  after?: Date | string
  /** False: without the answers' bodies. */
  withContent?: boolean
}

export interface Attempts {
  listByEndpoint(app: string, endpoint: string, options?: AttemptListOptions): List<Attempt>
  listByMessage(
    app: string,
    message: string,
    options?: AttemptListOptions & { endpointId?: string },
  ): List<Attempt>
  /** Sends the message to the endpoint once more. */
  resend(app: string, message: string, endpoint: string, options?: CreateOptions): Promise<void>
}

export function attemptCalls(call: Call): Attempts {
  return {
    listByEndpoint: (app, endpoint, options) =>
      list(call, () => path`/api/v1/app/${app}/attempt/endpoint/${endpoint}`, onTheWire(options)),
    listByMessage: (app, message, options) =>
      list(call, () => path`/api/v1/app/${app}/attempt/msg/${message}`, onTheWire(options)),
    resend: async (app, message, endpoint, options) => {
      await call(
        {
          method: 'POST',
          path: path`/api/v1/app/${app}/msg/${message}/endpoint/${endpoint}/resend`,
        },
        options,
      )
    },
  }
}

function onTheWire({ status, ...options }: AttemptListOptions = {}): ListOptions & CallOptions {
  return { ...options, ...(status !== undefined && { status: statuses[status] }) }
}

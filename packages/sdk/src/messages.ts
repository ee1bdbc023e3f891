import type { FieldProblem } from './api-error.ts'
import { type Call, type CallOptions, type CreateOptions } from './client-http.ts'
import { type List, list, type ListOptions } from './pages.ts'
import { path } from './request-url.ts'

interface MessageFields {
  eventType: string
  /** Your own id of it: a second message with it is refused with 409. */
  eventId?: string | null
  channels?: string[] | null
  tags?: string[] | null
  /** Endpoints that ask for order get messages of one key in order. */
  orderingKey?: string | null
  priority?: 'high' | 'normal' | 'low'
  /** Days, 5 to 90. */
  payloadRetentionPeriod?: number
}

/**
 * A message to send. `payload` is any JSON value. `payloadText` is the JSON text instead, and reaches the receivers
 * to the byte: `12345678901234567890` and `1.0` stay what they are, which they do not in a JavaScript number.
 */
export type MessageIn =
  | (MessageFields & { payload: unknown; payloadText?: never })
  | (MessageFields & { payloadText: string; payload?: never })

export interface Message {
  id: string
  eventType: string
  eventId?: string | null
  channels?: string[] | null
  tags?: string[] | null
  orderingKey?: string | null
  priority?: 'high' | 'normal' | 'low'
  /** `{}` where it was left out, `{expired: true}` where it was deleted. JSON.parse has rounded integers above 2^53. */
  payload: unknown
  /** ISO 8601. */
  timestamp: string
  /** Why no endpoint got it; null where one did. */
  unmatched?: string | null
}

/**
 * What became of one message of a batch, in the order they were given: stored, or refused, with the status and error
 * it would have got alone.
 */
export type BatchResult =
  | { status: number; message: Message; error?: never }
  | { status: number; message?: never; error: { code?: string; detail: string | FieldProblem[] } }

export interface MessageListOptions extends ListOptions {
  eventTypes?: string[]
  channel?: string
  tag?: string
  before?: Date | string
  after?: Date | string
  /** False: without payloads. */
  withContent?: boolean
}

/** `app` is an id or a uid, `message` an id or an eventId. */
export interface Messages {
  /**
   * Resolves once the message and its deliveries are stored durably. The answer leaves the payload out: you have it.
   */
  create(app: string, message: MessageIn, options?: CreateOptions): Promise<Message>
  /** Up to 1,000 at once; a bad one does not spoil the others, so look at each result. */
  createBatch(
    app: string,
    messages: readonly MessageIn[],
    options?: CreateOptions,
  ): Promise<BatchResult[]>
  get(
    app: string,
    message: string,
    options?: CallOptions & { withContent?: boolean },
  ): Promise<Message>
  list(app: string, options?: MessageListOptions): List<Message>
}

export function messageCalls(call: Call): Messages {
  return {
    create: async (app, message, options) =>
      call(
        {
          method: 'POST',
          path: path`/api/v1/app/${app}/msg`,
          query: { withContent: false },
          body: messageText(message),
        },
        options,
      ),
    createBatch: async (app, messages, options) => {
      const body = `{"messages":[${messages.map(messageText).join(',')}]}`
      const answer = await call<{ results: BatchResult[] }>(
        {
          method: 'POST',
          path: path`/api/v1/app/${app}/msg/batch`,
          query: { withContent: false },
          body,
        },
        options,
      )
      return answer.results
    },
    get: async (app, message, { withContent, ...options } = {}) =>
      call(
        { method: 'GET', path: path`/api/v1/app/${app}/msg/${message}`, query: { withContent } },
        options,
      ),
    list: (app, options) => list(call, () => path`/api/v1/app/${app}/msg`, options),
  }
}

function messageText({ payload, payloadText, ...fields }: MessageIn): string {
  const text = payloadText ?? JSON.stringify(payload)
  if (text === undefined)
    throw new TypeError('A message needs a payload (any JSON value) or a payloadText (JSON text).')
  if (payloadText !== undefined) checkJson(payloadText)
  const others = JSON.stringify(fields).slice(1)
  return `{"payload":${text}${others === '}' ? '' : ','}${others}`
}

/** Also keeps text that is not one JSON value from becoming other fields of the request. */
function checkJson(text: string): void {
  try {
    JSON.parse(text)
  } catch (cause) {
    throw new TypeError(`payloadText is not JSON: ${(cause as Error).message}`, { cause })
  }
}

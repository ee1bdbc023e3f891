/** Jobs as the messages that ingest takes. */
import type { Job } from 'bullmq'
import type { Clock } from '../../core/clock.ts'
import { memberText } from '../../core/json.ts'
import type { IncomingMessage } from '../../core/message.ts'
import { fields, text } from '../../core/json-values.ts'
import { identity, orderingKey } from '../../whatsapp/identity/event-identity.ts'
import { indexable } from '../broker/content-id.ts'
import { readReceived } from './received.ts'

/** What is known of ZapHub's sessions elsewhere. */
export interface Sessions {
  /** The session's app, made where it is missing. */
  appOf(session: string): Promise<{ tenantId: string; appId: string }>
  /** The session's app and its endpoint for that URL, made where they are missing. */
  endpointOf(
    session: string,
    url: string,
  ): Promise<{ tenantId: string; appId: string; endpointId: string }>
  /** The id that webhooks give a message. */
  messageUuid(session: string, waMessageId: string): string
  /** On messages whose `eventId` is the delivery's id. */
  deliveryTag: string
}

interface MessageDeps {
  sessions: Sessions
  settings: { maxPayloadBytes: number }
  clock: Clock
}

/** Longer than any queue is cut off from Pombo. */
const rememberedSeconds = 7 * 86_400
const longestKey = 250

type Read<T> = T | { problem: string }

export async function receivedMessage(
  job: Job,
  jobText: string,
  { sessions, settings, clock }: MessageDeps,
): Promise<Read<{ message: IncomingMessage; session: string; waMessageId: string }>> {
  const problem = sizeProblem(jobText, settings)
  if (problem !== null) return { problem }
  const read = readReceived(job.data, clock.now())
  if (!read.ok) return { problem: read.problem }
  const { session, messageId, event } = read
  const app = await sessions.appOf(session)
  // Of what does not say its chat, WhatsApp's id alone must do.
  const keys = event ? identity(event) : [`${session}|message|${messageId}`]
  return {
    session,
    waMessageId: messageId,
    message: {
      ...app,
      eventType: 'message.received',
      payload: event ? JSON.stringify(event) : jobText,
      form: event ? 'whatsapp' : null,
      orderingKey: indexable(event ? orderingKey(event) : session, longestKey),
      dedupe: keys.map((key) => ({
        kind: 'source',
        key: indexable(key, longestKey),
        windowSeconds: rememberedSeconds,
      })),
    },
  }
}

/** The document's `{sessionId, webhookUrl, event, payload, attempt}`; the payload leaves as it was written. */
export async function deliveryMessage(
  job: Job,
  jobText: string,
  { sessions, settings }: MessageDeps,
): Promise<
  Read<{ message: IncomingMessage; sessionId: string; webhookUrl: string; event: string }>
> {
  const problem = sizeProblem(jobText, settings)
  if (problem !== null) return { problem }
  const data = fields(job.data)
  const [sessionId, webhookUrl, event] = ['sessionId', 'webhookUrl', 'event'].map((name) =>
    text(data?.[name]),
  )
  if (!sessionId) return { problem: 'its data has no sessionId' }
  if (!webhookUrl) return { problem: 'its data has no webhookUrl' }
  if (!event || !/^[a-zA-Z0-9\-_.]{1,256}$/.test(event))
    return { problem: 'its data has no event, or one with more than letters, digits, - _ and .' }
  const { tenantId, appId, endpointId } = await sessions.endpointOf(sessionId, webhookUrl)
  return {
    sessionId,
    webhookUrl,
    event,
    message: {
      tenantId,
      appId,
      eventType: event,
      eventId: job.id!,
      tags: [sessions.deliveryTag],
      payload: memberText(jobText, 'payload') ?? 'null',
      onlyEndpointId: endpointId,
      // Ids begin again at 1 in a Redis that was emptied: the time of the job tells them apart.
      dedupe: [
        {
          kind: 'source',
          key: indexable(`${job.queueQualifiedName}|${job.id!}|${job.timestamp}`, longestKey),
          windowSeconds: rememberedSeconds,
        },
      ],
    },
  }
}

function sizeProblem(jobText: string, { maxPayloadBytes }: MessageDeps['settings']): string | null {
  const bytes = Buffer.byteLength(jobText)
  return bytes > maxPayloadBytes
    ? `it has ${bytes} bytes, and more than ${maxPayloadBytes} are not taken (POMBO_MAX_BODY_BYTES)`
    : null
}

/** A gateway's session at a test server: an app with an endpoint, a source, and what came of it. */
import { readId } from '../../src/core/id.ts'
import type { WhatsAppEvent } from '../../src/whatsapp/whatsapp.ts'
import type { TestApi } from './api-server.ts'
import type { Capture } from './captures.ts'
import type { Received, Receiver } from './receiver.ts'

export interface MessageRow {
  event_type: string
  payload: string
  form: string | null
  tags: string[] | null
  ordering_key: string | null
  unmatched: string | null
}

export interface GatewaySession {
  /** Shown id and uid of the app. */
  app: string
  uid: string
  appUuid: string
  source: string
  token: string
  ingestUrl: string
  stats: () => Promise<Stats>
  messages: () => Promise<MessageRow[]>
  events: () => Promise<WhatsAppEvent[]>
  delivered: () => Received[]
}

export type Stats = Record<string, number> & {
  filteredBy: Record<string, number>
  deliveries: Record<string, number>
  lastEventAt: string | null
  silentSince: string | null
}

let made = 0

/** The endpoint is at the receiver's `/<app>`; without a receiver there is none. */
export async function openSession(
  api: TestApi,
  receiver: Receiver | undefined,
  gateway: string,
  settings: object = {},
  endpoint: object = {},
): Promise<GatewaySession> {
  const uid = `session-${process.pid}-${(made += 1)}`
  const { id: app } = await api.svix.application.create({ name: 'session', uid })
  if (receiver) {
    const answer = await api.call('POST', `/api/v1/app/${app}/endpoint`, {
      body: { url: `${receiver.url}/${app}`, ...endpoint },
    })
    if (answer.status !== 201) throw new Error(answer.text)
  }
  const created = await api.call('POST', `/api/v1/app/${app}/source`, {
    body: { gateway, ...settings },
  })
  if (created.status !== 201) throw new Error(created.text)
  const { id: source, token, ingestUrl } = created.body
  const appUuid = readId('app', app)!
  const messages = () => messagesOf(api, appUuid)
  return {
    app,
    uid,
    appUuid,
    source,
    token,
    ingestUrl,
    messages,
    stats: async () => (await api.call('GET', `/api/v1/app/${app}/source/${source}/stats`)).body,
    events: async () =>
      (await messages()).map(({ payload }) => JSON.parse(payload) as WhatsAppEvent),
    delivered: () => receiver?.received.filter((one) => one.path === `/${app}`) ?? [],
  }
}

export async function messagesOf(api: TestApi, appUuid: string): Promise<MessageRow[]> {
  const { rows } = await api.database.pool.query<MessageRow>(
    'select event_type, payload, form, tags, ordering_key, unmatched from message where app_id = $1 order by id',
    [appUuid],
  )
  return rows
}

/** As the gateway sends it, with the token where every gateway can carry it. */
export async function postCapture(
  api: TestApi,
  capture: Capture,
  token: string,
): Promise<Response> {
  const { gateway, path, headers, body } = capture
  const event = path.event === null ? '' : `/${path.event}`
  return await fetch(`${api.url}/ingest/${gateway}/${path.session}${event}?token=${token}`, {
    method: 'POST',
    headers,
    body,
  })
}

export async function postJson(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

/** What Baileys' event map says of one text message. */
export function textMessage(
  id: string,
  more: {
    jid?: string
    alt?: string
    fromMe?: boolean
    pushName?: string
    participant?: string
    participantAlt?: string
    base64?: string
  } = {},
) {
  const {
    jid = '5511999990001@s.whatsapp.net',
    alt,
    fromMe = false,
    pushName,
    participant,
    participantAlt,
  } = more
  return {
    event: 'messages.upsert',
    data: {
      type: 'notify',
      messages: [
        {
          key: {
            remoteJid: jid,
            ...(alt === undefined ? {} : { remoteJidAlt: alt }),
            ...(participant === undefined ? {} : { participant }),
            ...(participantAlt === undefined ? {} : { participantAlt }),
            fromMe,
            id,
          },
          messageTimestamp: 1_762_510_200,
          ...(pushName === undefined ? {} : { pushName }),
          message: { conversation: `text of ${id}` },
        },
      ],
    },
  }
}

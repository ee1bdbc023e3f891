import { z } from 'zod'
import type { Endpoint } from '../../core/endpoint.ts'
import { PomboError } from '../../core/error.ts'
import { readId } from '../../core/id.ts'
import { includes, type Role } from '../../core/role.ts'
import type { SignatureWords } from '../../dialects/contract/delivery.ts'
import type { RoutedApp } from '../../registry/cache/routes.ts'
import { isSensitive } from '../../registry/endpoints/headers.ts'
import { type AttemptRow, findAttempt } from '../history/attempts/store.ts'
import type { StoredMessage } from '../history/messages/store.ts'
import { refusal } from '../field.ts'
import { requireMessage } from '../messages/routes.ts'
import type { ParamsOf } from '../path.ts'
import { type Call, json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { shownUrl } from '../shown-url.ts'
import { say } from '../../core/sentences/sentences.ts'

interface PastAttempt {
  message: StoredMessage
  endpoint: Endpoint
  app: RoutedApp
  deliveryId: string
  number: number
  startedAtMs: number
}

/** deliver/'s, handed in: what an attempt's request was, or why there was none. */
export type Rebuild = (
  attempt: PastAttempt,
) => Promise<
  | { url: string; headers: Record<string, string>; body: string; signature: SignatureWords }
  | { problem: string }
>

export type SentDeps = Needs<'db' | 'payloads' | 'routesOf'> & { rebuild: Rebuild }

const doubtKinds = ['endpoint-changed', 'batch', 'not-sent', 'url'] as const

const sentOut = z
  .object({
    method: z.literal('POST'),
    url: z.string(),
    headers: z.array(
      z.object({
        name: z.string(),
        value: z.string().nullable().describe('null: a secret, which is not shown'),
      }),
    ),
    body: z.string(),
    signature: z
      .object({
        header: z.string(),
        value: z.string().nullable(),
        prefix: z.string(),
        encoding: z.enum(['base64', 'hex', 'jwt']),
        content: z.string().describe('What is signed: names of headers and the body, in braces'),
        key: z
          .enum(['base64', 'text'])
          .describe('base64: the bytes behind `whsec_`; text: the secret as it stands'),
      })
      .nullable()
      .describe('How to check it, by HMAC-SHA256; null where it was not signed'),
    doubts: z
      .array(z.enum(doubtKinds))
      .describe(
        'Why it may differ from what was sent; empty: it is that to the byte. endpoint-changed: since the attempt. ' +
          'batch: it went out together with others. not-sent: it never left. url: it went to another address.',
      ),
  })
  .meta({
    id: 'SentRequestOut',
    examples: [
      {
        method: 'POST',
        url: 'https://example.com/webhook',
        headers: [
          { name: 'content-type', value: 'application/json' },
          { name: 'authorization', value: null },
          { name: 'webhook-id', value: 'msg_01hzy3k9v2e8r5c7m4n6p8q0sa' },
          { name: 'webhook-timestamp', value: '1767225600' },
          { name: 'webhook-signature', value: 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=' },
        ],
        body: '{"amount":12}',
        signature: {
          header: 'webhook-signature',
          value: 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
          prefix: 'v1,',
          encoding: 'base64',
          content: '{webhook-id}.{webhook-timestamp}.{body}',
          key: 'base64',
        },
        doubts: [],
      },
    ],
  })

const headersOut = z
  .object({
    sentHeaders: z.record(z.string(), z.string()),
    sensitive: z
      .array(z.string())
      .describe('Names of headers that hold secrets, whose values are not shown'),
    responseHeaders: z
      .array(z.array(z.string()))
      .describe(
        "Always empty: those of the answer are not kept. The Location of a redirect is in the attempt's error",
      ),
    doubts: sentOut.shape.doubts,
  })
  .meta({
    id: 'MessageAttemptHeadersOut',
    examples: [
      {
        sentHeaders: {
          'content-type': 'application/json',
          'webhook-id': 'msg_01hzy3k9v2e8r5c7m4n6p8q0sa',
          'webhook-timestamp': '1767225600',
          'webhook-signature': 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
        },
        sensitive: ['authorization'],
        responseHeaders: [],
        doubts: [],
      },
    ],
  })

const gone = {
  description: 'The endpoint or the payload was deleted since, or no request could be made of them',
  body: refusal,
}

const path = '/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}'
const tag = 'Message Attempt'

/** `GET …/attempt/{attempt_id}/request`: what was sent, made again from what is kept; `…/headers` is its headers. */
export function sentRoutes(deps: SentDeps): Route[] {
  return [
    route({
      at: `GET ${path}/request`,
      id: 'v1.message-attempt.get-request',
      tag,
      summary: 'Get the request of an attempt: headers, body and how to check its signature',
      description:
        'Requests are not stored: it is made again of the message and the endpoint, which gives the same bytes ' +
        'unless `doubts` says otherwise. Headers that hold secrets are named without their values, for ' +
        'roles below `administer` all that were set for the endpoint.',
      access: 'app',
      answers: { 200: { description: 'The request', body: sentOut }, 409: gone },
      handle: async (call) => json(200, await sentOf(deps, call)),
    }),
    route({
      at: `GET ${path}/headers`,
      id: 'v1.message-attempt.get-headers',
      tag,
      summary: 'Get the headers that an attempt sent',
      description:
        "Made again of the message and the endpoint, as `…/request` has them. In Svix's cloud only; its open-source " +
        'server has no such path.',
      access: 'app',
      answers: { 200: { description: 'The headers', body: headersOut }, 409: gone },
      async handle(call) {
        const { headers, doubts: why } = await sentOf(deps, call)
        return json(200, {
          sentHeaders: Object.fromEntries(
            headers.flatMap(({ name, value }) => (value === null ? [] : [[name, value]])),
          ),
          sensitive: headers.flatMap(({ name, value }) => (value === null ? [name] : [])),
          responseHeaders: [],
          doubts: why,
        })
      },
    }),
  ]
}

async function sentOf(
  deps: SentDeps,
  { holder, appId: app, params: ids }: Call<ParamsOf<typeof path>, undefined, undefined>,
): Promise<z.output<typeof sentOut>> {
  const message = await requireMessage(deps, app, ids.msg_id)
  const id = readId('attempt', ids.attempt_id)
  const attempt = id && (await findAttempt(deps.db, app, message.id, id))
  if (!attempt) throw new PomboError('not_found', { what: 'attempt', id: ids.attempt_id })
  if (message.payload === null) throw new PomboError('payload_gone', { id: ids.msg_id })
  const routes = await deps.routesOf(holder.tenantId, app)
  const endpoint = routes?.endpoints.find((one) => one.id === attempt.endpoint_id)
  if (routes === undefined || endpoint === undefined) throw conflict(say('endpoint_deleted'))
  return await sent(deps, message, attempt, endpoint, routes.app, hiddenFrom(holder.role, endpoint))
}

async function sent(
  deps: SentDeps,
  message: StoredMessage,
  attempt: AttemptRow,
  endpoint: Endpoint,
  app: RoutedApp,
  hidden: (name: string) => boolean,
): Promise<z.output<typeof sentOut>> {
  const request = await deps.rebuild({
    message,
    endpoint,
    app,
    deliveryId: attempt.delivery_id,
    number: attempt.number,
    startedAtMs: Math.round(attempt.created_ms),
  })
  if ('problem' in request) throw conflict(say('no_request', { problem: request.problem }))
  const { signature } = request
  const value = request.headers[signature.header]
  const doubtful: Record<(typeof doubtKinds)[number], boolean> = {
    'endpoint-changed': endpoint.updatedAtMs > attempt.created_ms,
    batch: endpoint.batch !== null,
    'not-sent': attempt.outcome === 'blocked' || attempt.outcome === 'failed',
    url: attempt.url !== endpoint.url && attempt.url !== request.url,
  }
  return {
    method: 'POST',
    url: shownUrl(request.url),
    headers: Object.entries(request.headers).map(([name, text]) => ({
      name,
      value: hidden(name) ? null : text,
    })),
    body: request.body,
    signature:
      value === undefined ? null : { ...signature, value: hidden(signature.header) ? null : value },
    doubts: doubtKinds.filter((doubt) => doubtful[doubt]),
  }
}

/** Whoever may not change an endpoint sees none of the headers that were set for it. */
function hiddenFrom(role: Role, { headers }: Endpoint): (name: string) => boolean {
  if (includes(role, 'administer')) return isSensitive
  const own = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
  return (name) => isSensitive(name) || own.has(name.toLowerCase())
}

function conflict(detail: string): PomboError {
  return new PomboError('conflict', { detail })
}

import { z } from 'zod'
import type { Transform } from '../../core/endpoint.ts'
import { invalid, PomboError } from '../../core/error.ts'
import { memberText } from '../../core/json.ts'
import { uuidv7 } from '../../core/id.ts'
import type { Message } from '../../core/message.ts'
import { findMessage, messageIdOf } from '../messages/store.ts'
import { type Answer, json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { together, nonEmpty } from '../field.ts'
import { transform } from './parts-schema.ts'
import { codedOut, showCoded } from '../coded.ts'
import { say } from '../../core/sentences/sentences.ts'

type Result =
  | {
      ok: true
      payload: string | null
      headers: Record<string, string> | null
      path: string | null
    }
  | { ok: false; problem: string }

/** What a transformation makes of a message; a part that it does not change is null. */
export type TransformTrial = (
  transform: Transform,
  message: Pick<Message, 'id' | 'payload' | 'eventType' | 'channels' | 'tags' | 'createdAtMs'>,
) => Promise<Result>

export type TransformDeps = Needs<'db' | 'payloads' | 'clock' | 'endpoints'> & {
  transform: TransformTrial
}

/** A message that there is, or a payload. */
const onWhat = together({ anyOf: [{ required: ['messageId'] }, { required: ['payload'] }] })

const trial = z
  .object({
    transform: transform
      .optional()
      .describe("The transformation to try; absent: the endpoint's own"),
    messageId: nonEmpty(256)
      .optional()
      .describe('A message that was accepted, by its id or eventId'),
    eventType: z.string().max(256).optional(),
    payload: z.unknown().optional().describe('Instead of a message: a payload of any JSON type'),
  })
  .meta({ id: 'TransformTrialIn', ...onWhat })

const trialWithout = trial.extend({ transform }).meta({
  id: 'TransformTrialWithoutEndpointIn',
  examples: [
    {
      transform: { payload: '{"total": payload.amount}' },
      messageId: 'msg_01hzy3k9v2e8r5c7m4n6p8q0sa',
    },
  ],
  ...onWhat,
})

const outcome = z
  .object({
    ok: z.boolean(),
    problem: z.string().nullable(),
    problemCoded: codedOut,
    payload: z.unknown(),
    headers: z.record(z.string(), z.string()).nullable(),
    path: z.string().nullable(),
  })
  .meta({
    id: 'TransformTrialOut',
    description: 'What would be sent; a part that the transformation leaves alone is null',
    examples: [
      {
        ok: true,
        problem: null,
        problemCoded: null,
        payload: { total: 89.9 },
        headers: null,
        path: null,
      },
    ],
  })

/** `POST …/endpoint/{endpoint_id}/transform`: shows the outcome on a given message, and sends nothing. */
export function transformRoutes(deps: TransformDeps): Route[] {
  const { endpoints } = deps
  return [
    route({
      at: 'POST /api/v1/app/{app_id}/try/transform',
      id: 'v1.try.transform',
      tag: 'Endpoint',
      summary: 'Try a transformation before an endpoint has it, without sending anything',
      access: 'app',
      idempotency: 'own',
      body: trialWithout,
      answers: { 200: { description: 'What it makes of the message', body: outcome } },
      handle: async ({ body, text, appId }) => await tryOut(deps, appId, body, text, null),
    }),
    route({
      at: 'POST /api/v1/app/{app_id}/endpoint/{endpoint_id}/transform',
      id: 'v1.endpoint.try-transform',
      tag: 'Endpoint',
      summary: 'Try a transformation on a message, without sending anything',
      access: 'app',
      body: trial,
      answers: { 200: { description: 'What it makes of the message', body: outcome } },
      async handle({ scope, params, body, text }) {
        const endpoint = await endpoints.get(scope, params.endpoint_id)
        return await tryOut(deps, scope.appId, body, text, endpoint.transform)
      },
    }),
  ]
}

async function tryOut(
  { db, clock, payloads, transform }: TransformDeps,
  appId: string,
  body: z.output<typeof trial>,
  text: string,
  own: Transform | null,
): Promise<Answer> {
  const tried = (body.transform as Transform | undefined) ?? own
  if (!tried) throw invalid(['body', 'transform'], say('transform_needed'))
  const result = await transform(tried, await subject(text, body))
  if (!result.ok)
    return json(200, {
      ok: false,
      problem: result.problem,
      problemCoded: showCoded(result.problem),
      payload: null,
      headers: null,
      path: null,
    })
  const { payload, headers, path } = result
  return {
    status: 200,
    text:
      `{"ok":true,"problem":null,"problemCoded":null,"payload":${payload ?? 'null'},` +
      JSON.stringify({ headers, path }).slice(1),
  }

  async function subject(
    request: string,
    given: { messageId?: string | undefined; eventType?: string | undefined },
  ) {
    if (given.messageId === undefined) {
      const payload = memberText(request, 'payload')
      if (payload === undefined) throw invalid(['body', 'payload'], say('payload_to_try'))
      const nowMs = clock.now()
      return {
        id: uuidv7(nowMs),
        payload,
        eventType: given.eventType ?? 'example',
        channels: null,
        tags: null,
        createdAtMs: nowMs,
      }
    }
    const id = await messageIdOf(db, appId, given.messageId)
    const message = id === undefined ? undefined : await findMessage({ db, payloads }, appId, id)
    if (!message) throw new PomboError('not_found', { what: 'message', id: given.messageId })
    if (message.payload === null) throw new PomboError('payload_gone', { id: given.messageId })
    return message
  }
}

import { z } from 'zod'
import { invalid, PomboError } from '../../core/error.ts'
import { elementTexts, memberText } from '../../core/json.ts'
import type { Accepted, IncomingMessage } from '../../core/message.ts'
import { existingOrNewApp } from '../apps/ensure.ts'
import { refuseUnstorable } from '../../core/unstorable.ts'
import { errorBody } from '../error-answer.ts'
import { read } from '../../core/read.ts'
import { asWritten } from '../../core/known.ts'
import { iteratorsById, textListRoute } from '../list.ts'
import { type Answer, empty, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { messageJson } from './message-json.ts'
import { messagePage } from './message-page.ts'
import {
  batchIn,
  batchOut,
  filterQuery,
  messageIn,
  messageOut,
  withContent,
  type MessageIn,
} from './schema.ts'
import { incoming, settled, checkedPayload } from './send.ts'
import type { Messages, StoredMessage, WithPayload } from '../history/messages/store.ts'
import { expungePayload, findMessage, listMessages, messageIdOf } from './store.ts'
import { say } from '../../core/sentences/sentences.ts'

/** What messages need: the way in, and how long event ids are remembered. */
export type MessageDeps = Needs<
  | 'db'
  | 'reads'
  | 'payloads'
  | 'apps'
  | 'appIdOf'
  | 'accept'
  | 'acceptMany'
  | 'checkPayload'
  | 'retentionDays'
>

const tag = 'Message'
const messageIterators = iteratorsById('message', ({ id }: StoredMessage) => id)
const contentQuery = z.object(withContent)

export function messageRoutes(deps: MessageDeps): Route[] {
  return [listRoute(deps), createRoute(deps), batchRoute(deps), getRoute(deps), expungeRoute(deps)]
}

function listRoute(deps: MessageDeps): Route {
  return textListRoute({
    path: '/api/v1/app/{app_id}/msg',
    id: 'v1.message.list',
    tag,
    summary: 'List messages, newest first',
    access: 'app',
    query: { ...filterQuery, ...withContent },
    order: 'descending',
    iterators: messageIterators,
    item: messageOut,
    page: 'A page of messages',
    async answer(call, cursor) {
      const { appId, query } = call
      const from = { ...deps, db: deps.reads(call) }
      return await messagePage(from, await listMessages(from.db, appId, query, cursor), cursor, {
        messageOf: (message) => message,
        iteratorOf: messageIterators.write,
        show: (message) => messageJson(message, query.with_content, unmatched(message)),
        withContent: query.with_content,
      })
    },
  })
}

function createRoute(deps: MessageDeps): Route {
  return route({
    at: 'POST /api/v1/app/{app_id}/msg',
    id: 'v1.message.create',
    tag,
    summary: 'Send a message',
    description:
      'A 202 says that the message and its deliveries are stored durably. The payload is delivered to the ' +
      'letter as it was sent in.',
    access: 'tenant',
    use: 'send',
    app: 'any',
    query: contentQuery,
    body: messageIn,
    idempotency: 'own',
    answers: { 202: { description: 'Accepted and stored', body: messageOut } },
    async handle(call) {
      const { tenantId } = call.holder
      const { app_id: named } = call.params
      const { application } = call.body
      const only = call.holder.appId
      // A token for one app finds no other, and makes none.
      const app = existingOrNewApp(deps, tenantId, named, only === null ? application : null)
      const appId = app instanceof Promise ? await app : app
      if (only !== null && appId !== only)
        throw new PomboError('not_found', { what: 'application', id: named })
      const sent = incoming({
        tenantId,
        appId,
        given: call.body,
        text: call.text,
        idempotencyKey: call.idempotencyKey,
        eventIdDays: deps.retentionDays,
      })
      const checked = deps.checkPayload({ tenantId, appId }, checkedPayload(call.body))
      if (checked instanceof Promise) await checked
      const accepted = await deps.accept(sent)
      const message =
        accepted.outcome === 'accepted' ? accepted.message : await settled(deps, sent, accepted)
      return { status: 202, text: messageJson(message, call.query.with_content) }
    },
  })
}

function batchRoute(deps: MessageDeps): Route {
  return route({
    at: 'POST /api/v1/app/{app_id}/msg/batch',
    id: 'v1.message.create-batch',
    tag,
    summary: 'Send up to 1,000 messages',
    description:
      'Each is accepted or refused for itself, in order: a bad one does not spoil the rest. The answer is ' +
      '202 whatever became of them; ' +
      'look at the `status` of each result. With an Idempotency-Key, repeating the request sends nothing twice.',
    access: 'tenant',
    use: 'send',
    query: contentQuery,
    body: batchIn,
    apart: 'messages',
    answers: { 202: { description: 'A result for each message', body: batchOut } },
    async handle({ appId, holder, body, text, query, idempotencyKey }): Promise<Answer> {
      const { tenantId } = holder
      const texts = elementTexts(memberText(text, 'messages') ?? '')
      const readOne = async (value: unknown, index: number) => {
        const itemText = texts[index] ?? ''
        try {
          const key = idempotencyKey === undefined ? undefined : `${idempotencyKey}#${index}`
          const given = await readItem(value, itemText, index, async (message) => {
            await deps.checkPayload({ tenantId, appId }, checkedPayload(message))
          })
          return incoming({
            tenantId,
            appId,
            given,
            text: itemText,
            idempotencyKey: key,
            eventIdDays: deps.retentionDays,
          })
        } catch (error) {
          if (error instanceof PomboError) return error
          throw error
        }
      }
      const items = await Promise.all(body.messages.map(readOne))
      const accepted = await deps.acceptMany(
        items.filter((item): item is IncomingMessage => !(item instanceof PomboError)),
      )
      let next = 0
      const results = items.map(async (item) => {
        const outcome = item instanceof PomboError ? item : accepted[next++]!
        return await resultJson(deps, item, outcome, query.with_content)
      })
      return { status: 202, text: `{"results":[${(await Promise.all(results)).join(',')}]}` }
    },
  })
}

async function readItem(
  value: unknown,
  text: string,
  index: number,
  check: (message: MessageIn) => Promise<void>,
): Promise<MessageIn> {
  try {
    refuseUnstorable({ text, value })
    const given = read(messageIn, value, 'body')
    if (given.application != null) throw invalid(['body', 'application'], say('no_app_in_batch'))
    await check(given)
    return given
  } catch (error) {
    if (!(error instanceof PomboError)) throw error
    const problems = error.problems.map((problem) => ({
      ...problem,
      loc: [
        'body',
        'messages',
        String(index),
        ...asWritten(messageIn, value, problem.loc.slice(1)),
      ],
    }))
    throw new PomboError(error.code, { detail: error.message }, { problems })
  }
}

async function resultJson(
  from: Messages,
  sent: IncomingMessage | PomboError,
  outcome: Accepted | PomboError,
  content: boolean,
): Promise<string> {
  try {
    if (sent instanceof PomboError) throw sent
    if (outcome instanceof PomboError) throw outcome
    return `{"status":202,"message":${messageJson(await settled(from, sent, outcome), content)}}`
  } catch (error) {
    if (error instanceof PomboError)
      return JSON.stringify({ status: error.status, error: errorBody(error) })
    throw error
  }
}

function getRoute(deps: MessageDeps): Route {
  return route({
    at: 'GET /api/v1/app/{app_id}/msg/{msg_id}',
    id: 'v1.message.get',
    tag,
    summary: 'Get a message',
    access: 'app',
    query: contentQuery,
    answers: { 200: { description: 'The message', body: messageOut } },
    async handle({ appId, params, query }) {
      const content = query.with_content
      const message = await requireMessage(
        deps,
        appId,
        params.msg_id,
        content ? 'payload' : 'no payload',
      )
      return { status: 200, text: messageJson(message, content, unmatched(message)) }
    },
  })
}

function expungeRoute({ db }: MessageDeps): Route {
  return route({
    at: 'DELETE /api/v1/app/{app_id}/msg/{msg_id}/content',
    id: 'v1.message.expunge-content',
    tag,
    summary: "Delete a message's payload",
    description:
      'It cannot be sent again afterwards; what is still waiting to be sent is given up.',
    access: 'tenant',
    answers: { 204: { description: 'Deleted' } },
    async handle({ appId, params }) {
      const id = await messageIdOf(db, appId, params.msg_id)
      if (id === undefined || !(await expungePayload(db, appId, id))) throw missing(params.msg_id)
      return empty
    },
  })
}

/**
 * The message that a path names; throws the 404. Who needs no payload says so: one whose key is missing cannot be
 * opened, and what became of the message is then asked for all the more.
 */
export async function requireMessage(
  from: Messages,
  appId: string,
  idOrEventId: string,
  payload?: WithPayload,
): Promise<StoredMessage> {
  const id = await messageIdOf(from.db, appId, idOrEventId)
  const message = id === undefined ? undefined : await findMessage(from, appId, id, payload)
  if (message === undefined) throw missing(idOrEventId)
  return message
}

function missing(id: string): PomboError {
  return new PomboError('not_found', { what: 'message', id })
}

function unmatched(message: StoredMessage): string {
  return `,"unmatched":${JSON.stringify(message.unmatched)}`
}

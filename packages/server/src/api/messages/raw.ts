import { z } from 'zod'
import { PomboError } from '../../core/error.ts'
import { json, type Route, route } from '../route.ts'
import { requireMessage } from './routes.ts'
import type { Messages } from '../history/messages/store.ts'
import { component } from '../field.ts'

const rawOut = component('MessageRawPayloadOut', { payload: z.string() })

/** `GET …/msg/{msg_id}/raw`: for those to whom `1.0` and `1` are two things. */
export function rawRoute(deps: Messages): Route {
  return route({
    at: 'GET /api/v1/app/{app_id}/msg/{msg_id}/raw',
    id: 'v1.message.get-raw-payload',
    tag: 'Message',
    summary: "Get a message's payload as text, to the letter as it was sent in",
    description: "In Svix's cloud only; its open-source server has no such path.",
    access: 'app',
    answers: { 200: { description: 'The text', body: rawOut } },
    async handle({ appId, params }) {
      const { payload } = await requireMessage(deps, appId, params.msg_id)
      if (payload === null)
        throw new PomboError('not_found', { what: 'payload', id: params.msg_id })
      return json(200, { payload })
    },
  })
}

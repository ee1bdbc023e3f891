import type { FastifyInstance } from 'fastify'
import type { Clock } from '../../core/clock.ts'
import { PomboError } from '../../core/error.ts'
import { textAt } from '../../core/oversize.ts'
import type { PayloadLinks } from '../../core/payload-link.ts'
import type { Messages } from '../history/messages/store.ts'
import { findMessage } from './store.ts'

/**
 * `GET /payload/{message}`: a part of a payload that was too large for an endpoint, to whoever has the signed
 * address.
 */
export function mountPayloadLinks(
  app: FastifyInstance,
  deps: Messages & { clock: Clock; payloadLinks: PayloadLinks },
): void {
  const { clock, payloadLinks } = deps
  app.get<{ Params: { message: string }; Querystring: Record<string, string | undefined> }>(
    '/payload/:message',
    async (request, reply) => {
      const found = payloadLinks.read(request.params.message, request.query, clock.now())
      if (!found.ok) throw new PomboError('link_refused', { detail: found.problem })
      const message = await findMessage(deps, found.part.appId, found.part.messageId)
      const text =
        message?.payload == null ? undefined : textAt(message.payload, found.part.pointer)
      if (text === undefined)
        throw new PomboError('not_found', { what: 'payload', id: request.params.message })
      return reply
        .type('application/json; charset=utf-8')
        .header('cache-control', 'private, no-store')
        .send(text)
    },
  )
}

/**
 * WPPConnect Server: `{event, session, …}`, the event's own members beside the two. It neither signs nor proves itself
 * in any way: what keeps strangers out is Pombo's token in the address. It sends each event once and never again.
 *
 * Shapes from its sources: `src/util/createSessionUtil.ts` of wppconnect-server, the models and listeners of
 * @wppconnect-team/wppconnect. An event without a rule is passed on as it came.
 */
import { entry, text } from '../../core/json-values.ts'
import { passOn } from '../gateway/mapping.ts'
import { jsonObject, notUnderstood, originOf, sessionOf, understood } from '../gateway/request.ts'
import type { GatewayRequest, GatewaySource, Parsed } from '../gateway/gateway.ts'
import { wppHandlers } from './events.ts'

export const wppConnect: GatewaySource = {
  name: 'wppconnect',
  verify: async () => ({
    refused: 'WPPConnect proves nothing: leave the secret out, and keep the token in the address',
  }),
  parse,
}

async function parse(request: GatewayRequest): Promise<Parsed> {
  const body = jsonObject(request.rawBody)
  const event = text(body?.['event'])
  if (!body || event === null) return notUnderstood(request, 'the body has no event')
  const session = sessionOf(request, 'wppconnect', body['session'])
  const origin = originOf(request, 'wppconnect', session, event)
  return understood((entry(wppHandlers, event) ?? passOn)(origin, body))
}

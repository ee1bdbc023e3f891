/**
 * WPPConnect Server: `{event, session, …}`, the event's own members beside the two. It neither signs nor proves itself
 * in any way: what keeps strangers out is Pombo's token in the address. It sends each event once and never again.
 *
 * Shapes from its sources: `src/util/createSessionUtil.ts` of wppconnect-server, the models and listeners of
 * @wppconnect-team/wppconnect. An event without a rule is passed on as it came.
 */
import { entry } from '../../core/json-values.ts'
import { passOn } from '../gateway/mapping.ts'
import { enveloped } from '../gateway/request.ts'
import type { GatewaySource } from '../gateway/gateway.ts'
import { wppHandlers } from './events.ts'

export const wppConnect: GatewaySource = {
  name: 'wppconnect',
  verify: async () => ({
    refused: 'WPPConnect proves nothing: leave the secret out, and keep the token in the address',
  }),
  parse: enveloped('wppconnect', 'event', ['session'], (origin, body) =>
    (entry(wppHandlers, origin.name) ?? passOn)(origin, body),
  ),
}

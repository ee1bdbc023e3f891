/** How Twilio signs and what it wants for an answer: of its preset, and of the gateway `twilio-whatsapp`. */
import type { GatewayAnswer } from '../../gateway/gateway.ts'
import type { Scheme } from '../../gateway/scheme.ts'

export const twilioScheme: Scheme = {
  kind: 'hmac',
  algorithm: 'sha1',
  at: { header: 'x-twilio-signature' },
  encoding: 'base64',
  signed: '{url}{form}',
}

/** An empty answer of TwiML: do nothing more. */
export const twilioAnswer: GatewayAnswer = { status: 200, type: 'text/xml', body: '<Response/>' }

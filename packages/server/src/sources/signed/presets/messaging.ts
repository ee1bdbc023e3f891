import { hmac, type Preset } from '../preset.ts'
import { twilioAnswer, twilioScheme } from '../../client-libraries/twilio/twilio.ts'

const hours = 3_600
const days = 86_400

/** Chat, telephony, mail. */
export const messaging: readonly Preset[] = [
  {
    name: 'slack',
    title: 'Slack (Events API)',
    docs: 'https://docs.slack.dev/authentication/verifying-requests-from-slack',
    secretIs: "the app's signing secret",
    scheme: hmac('x-slack-signature', 'sha256', {
      prefix: 'v0=',
      timestamp: { header: 'x-slack-request-timestamp' },
      signed: 'v0:{timestamp}:{body}',
    }),
    type: [{ body: 'event.type' }, { body: 'event.subtype' }],
    otherType: 'command',
    id: [{ body: 'event_id' }, { body: 'trigger_id' }],
    order: { body: 'event.channel' },
    retriesForSeconds: 2 * hours,
    challenge: [
      {
        when: { type: 'url_verification' },
        status: 200,
        json: { challenge: { body: 'challenge' } },
      },
    ],
  },
  {
    name: 'discord',
    title: 'Discord (webhook events)',
    docs: 'https://docs.discord.com/developers/events/webhook-events',
    secretIs: "the application's public key (hex)",
    scheme: {
      kind: 'ed25519',
      at: { header: 'x-signature-ed25519' },
      timestamp: { header: 'x-signature-timestamp' },
      signed: '{timestamp}{body}',
    },
    type: [{ body: 'event.type' }],
    // An event has no id: what it is about and when it happened is all there is.
    id: [[{ body: 'event.type' }, { body: 'event.timestamp' }, { body: 'event.data.user.id' }]],
    retriesForSeconds: 600,
    challenge: [{ when: { type: 0 }, status: 204 }],
    answer: { status: 204 },
  },
  {
    name: 'twilio',
    title: 'Twilio (messages and calls)',
    docs: 'https://www.twilio.com/docs/usage/webhooks/webhooks-security',
    secretIs: "the account's auth token",
    scheme: twilioScheme,
    type: [
      { body: 'MessageStatus', before: 'message.' },
      { body: 'CallStatus', before: 'call.' },
    ],
    otherType: 'message.received',
    id: [
      { header: 'i-twilio-idempotency-token' },
      [{ body: 'MessageSid' }, { body: 'MessageStatus' }],
      [{ body: 'CallSid' }, { body: 'CallStatus' }],
    ],
    order: { body: 'MessageSid' },
    retriesForSeconds: hours,
    answer: twilioAnswer,
  },
  {
    name: 'sendgrid',
    title: 'SendGrid (event webhook)',
    docs:
      'https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/' +
      'getting-started-event-webhook-security-features',
    secretIs: 'the verification key of the event webhook (base64)',
    scheme: {
      kind: 'ecdsa',
      at: { header: 'x-twilio-email-event-webhook-signature' },
      timestamp: { header: 'x-twilio-email-event-webhook-timestamp' },
      // It tries again for a day, and signs once.
      toleranceSeconds: days,
      encoding: 'base64',
      signed: '{timestamp}{body}',
    },
    list: '',
    type: [{ body: 'event' }],
    id: [{ body: 'sg_event_id' }],
    order: { body: 'sg_message_id' },
    retriesForSeconds: days,
  },
  {
    name: 'mailgun',
    title: 'Mailgun',
    docs: 'https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks',
    secretIs: 'the HTTP webhook signing key',
    scheme: {
      kind: 'hmac',
      algorithm: 'sha256',
      at: { body: 'signature.signature' },
      timestamp: { body: 'signature.timestamp' },
      toleranceSeconds: 12 * hours,
      signed: '{timestamp}{body.signature.token}',
    },
    type: [{ body: 'event-data.event' }],
    id: [{ body: 'event-data.id' }],
    order: { body: 'event-data.message.headers.message-id' },
    retriesForSeconds: 12 * hours,
  },
]

import { hmac, type Preset } from '../preset.ts'

const hours = 3_600
const days = 86_400

/** Customers, forms, and other webhook services. */
export const business: readonly Preset[] = [
  {
    name: 'hubspot',
    title: 'HubSpot (v3 signatures)',
    docs: 'https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests',
    secretIs: "the app's client secret",
    scheme: hmac('x-hubspot-signature-v3', 'sha256', {
      timestamp: { header: 'x-hubspot-request-timestamp' },
      encoding: 'base64',
      signed: '{method}{url}{body}{timestamp}',
    }),
    list: '',
    type: [{ body: 'subscriptionType' }],
    id: [{ body: 'eventId' }],
    order: { body: 'objectId' },
    retriesForSeconds: days,
  },
  {
    name: 'typeform',
    title: 'Typeform',
    docs: 'https://www.typeform.com/developers/webhooks/secure-your-webhooks/',
    secretIs: 'the secret of the webhook',
    scheme: hmac('typeform-signature', 'sha256', {
      prefix: 'sha256=',
      encoding: 'base64',
    }),
    type: [{ body: 'event_type' }],
    id: [{ body: 'event_id' }],
    order: { body: 'form_response.form_id' },
    retriesForSeconds: 10 * hours,
  },
  ...(['webhook', 'svix'] as const).map(
    (names): Preset => ({
      name: names === 'svix' ? 'svix' : 'standard-webhooks',
      title: names === 'svix' ? 'Svix, and whoever sends with it' : 'Standard Webhooks',
      docs: 'https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md',
      secretIs: 'the secret of the endpoint, whsec_…',
      scheme: {
        kind: 'hmac',
        algorithm: 'sha256',
        at: { header: `${names}-signature` },
        timestamp: { header: `${names}-timestamp` },
        separator: ' ',
        prefix: 'v1,',
        encoding: 'base64',
        secretEncoding: 'base64',
        signed: `{header.${names}-id}.{timestamp}.{body}`,
      },
      type: [{ body: 'type' }],
      id: [{ header: `${names}-id` }],
      retriesForSeconds: 5 * days,
    }),
  ),
]

import { hmac, type Preset } from '../preset.ts'

const days = 86_400

/** Payments and shops. */
export const payments: readonly Preset[] = [
  {
    name: 'stripe',
    title: 'Stripe',
    docs: 'https://docs.stripe.com/webhooks/signature',
    secretIs: 'the signing secret of the endpoint, whsec_…',
    scheme: hmac('stripe-signature', 'sha256', {
      separator: ',',
      part: 'v1',
      timestampPart: 't',
      signed: '{timestamp}.{body}',
    }),
    type: [{ body: 'type' }],
    id: [{ body: 'id' }],
    order: { body: 'data.object.id' },
    retriesForSeconds: 3 * days,
  },
  {
    name: 'shopify',
    title: 'Shopify',
    docs: 'https://shopify.dev/docs/apps/build/webhooks/subscribe/https',
    secretIs: "the app's client secret",
    scheme: hmac('x-shopify-hmac-sha256', 'sha256', { encoding: 'base64' }),
    type: [{ header: 'x-shopify-topic' }],
    id: [{ header: 'x-shopify-webhook-id' }],
    retriesForSeconds: 2 * days,
  },
  {
    name: 'paddle',
    title: 'Paddle',
    docs: 'https://developer.paddle.com/webhooks/signature-verification',
    secretIs: 'the secret key of the notification destination, pdl_ntfset_…',
    scheme: hmac('paddle-signature', 'sha256', {
      separator: ';',
      part: 'h1',
      timestampPart: 'ts',
      signed: '{timestamp}:{body}',
    }),
    type: [{ body: 'event_type' }],
    id: [{ body: 'event_id' }],
    order: { body: 'data.id' },
    retriesForSeconds: 3 * days,
  },
  {
    name: 'asaas',
    title: 'Asaas',
    docs: 'https://docs.asaas.com/docs/receive-asaas-events-at-your-webhook-endpoint',
    secretIs: 'the authToken of the webhook',
    scheme: { kind: 'token', at: { header: 'asaas-access-token' } },
    type: [{ body: 'event' }],
    id: [{ body: 'id' }],
    order: { body: 'payment.id' },
    // Its queue stops after fifteen failures and keeps events for two weeks.
    retriesForSeconds: 14 * days,
  },
  {
    name: 'mercado-pago',
    title: 'Mercado Pago',
    docs: 'https://www.mercadopago.com.br/developers/en/docs/your-integrations/notifications/webhooks',
    secretIs: "the application's secret signature",
    scheme: hmac('x-signature', 'sha256', {
      separator: ',',
      part: 'v1',
      timestampPart: 'ts',
      // The time stays the same however often it tries, so it says nothing of a request's age.
      toleranceSeconds: days,
      signed: 'id:{query.data.id};request-id:{header.x-request-id};ts:{timestamp};',
    }),
    type: [{ body: 'action' }],
    id: [{ body: 'id' }],
    order: { body: 'data.id' },
    retriesForSeconds: 4 * days,
  },
  {
    name: 'pagseguro',
    title: 'PagSeguro (PagBank)',
    docs: 'https://developer.pagbank.com.br/reference/webhooks',
    secretIs: "the account's token",
    scheme: {
      kind: 'digest',
      algorithm: 'sha256',
      at: { header: 'x-authenticity-token' },
      signed: '{secret}-{body}',
    },
    type: [{ body: 'charges.0.status', before: 'charge.' }],
    otherType: 'order',
    // A notification carries no id of its own: it is known by the order and what became of its charge.
    id: [
      [
        { body: 'id' },
        { body: 'charges.0.id' },
        { body: 'charges.0.status' },
        { body: 'charges.0.amount.summary.refunded' },
      ],
    ],
    order: { body: 'id' },
    retriesForSeconds: days,
  },
  {
    name: 'pix',
    title:
      'Pix: the callback of the Central Bank’s Pix API (Efí, Banco do Brasil, Itaú, Sicredi, …)',
    docs: 'https://bacen.github.io/pix-api/',
    secretIs:
      'what is put into the registered address as ?hmac=…; the standard itself asks for mutual TLS',
    scheme: { kind: 'token', at: { query: 'hmac' } },
    type: [],
    otherType: 'received',
    list: 'pix',
    id: [{ body: 'endToEndId' }],
    order: { body: 'txid' },
    retriesForSeconds: 3 * days,
    // The address is tried with an empty callback when it is registered.
    challenge: [{ when: { evento: 'teste_webhook' }, status: 200 }],
  },
]

// What is photographed, and what is added to the demo so that there is something to see everywhere.

export interface Filled {
  /** Sends so many events. */
  send: (count: number) => Promise<void>
  appId: string
  endpointId: string
  messageId: string
  sourceId: string
}

/** What README.pt-BR.md shows. */
export const inPortuguese = ['overview', 'failed', 'template']

interface Picture {
  name: string
  path: string
  signedOut?: true
  /** What happens while it is open. */
  meanwhile?: () => Promise<void>
}

/** An address for each picture. */
export function addresses(of: Filled): Picture[] {
  const endpoint = `/endpoints/${of.appId}/${of.endpointId}`
  return [
    { name: 'sign-in', path: '/signin', signedOut: true },
    { name: 'overview', path: '/overview?span=15m' },
    { name: 'live', path: '/live', meanwhile: async () => await of.send(12) },
    { name: 'messages', path: '/messages' },
    { name: 'message', path: `/messages/${of.appId}/${of.messageId}` },
    { name: 'failed', path: '/failed' },
    { name: 'endpoints', path: '/endpoints' },
    { name: 'endpoint', path: endpoint },
    { name: 'endpoint-settings', path: `${endpoint}?tab=settings` },
    { name: 'endpoint-secret', path: `${endpoint}?tab=secret` },
    { name: 'templates', path: '/templates' },
    { name: 'template', path: `/templates/slack?app=${of.appId}` },
    { name: 'new-endpoint', path: `/endpoints/new?app=${of.appId}` },
    { name: 'sources', path: '/sources' },
    { name: 'source', path: `/sources/${of.appId}/${of.sourceId}` },
    { name: 'event-types', path: '/event-types' },
    { name: 'event-type', path: '/event-types/order.paid' },
    { name: 'apps', path: '/apps' },
    { name: 'keys', path: '/keys' },
    { name: 'operational', path: '/operational' },
    { name: 'portal-settings', path: '/portal-settings' },
    { name: 'audit', path: '/audit' },
    { name: 'privacy', path: '/privacy' },
    { name: 'tenants', path: '/tenants' },
    { name: 'system', path: '/system' },
    { name: 'reference', path: '/api/v1/docs' },
  ]
}

/** Adds what a demo has none of: a source, a catalogue, and an endpoint that nobody listens at. */
export async function fill(url: string, key: string, appId: string): Promise<Filled> {
  // oxlint-disable-next-line typescript/no-explicit-any -- answers of all shapes
  const ask = async (method: string, path: string, body?: object): Promise<any> => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  const app = `/app/${appId}`
  const { data: endpoints } = await ask('GET', `${app}/endpoint`)
  const { data: messages } = await ask('GET', `${app}/msg?limit=1`)
  await ask('POST', '/event-type', {
    name: 'order.paid',
    description: 'An order was paid.',
    schemas: { 1: { type: 'object', examples: [{ order: 1042, total: 89.9, currency: 'BRL' }] } },
  })
  const source = await ask('POST', `${app}/source`, { gateway: 'waha', name: 'WhatsApp da loja' })
  const shop = await ask('POST', '/app', { name: 'Loja Norte', uid: 'loja-norte' })
  const failing = await ask('POST', `/app/${shop.id}/endpoint`, {
    url: 'http://127.0.0.1:9/webhook',
    description: 'ERP',
    retrySchedule: [1],
  })
  let order = 1_042
  const send = async (to: string, count: number) => {
    for (let left = count; left > 0; left--, order++)
      await ask('POST', `/app/${to}/msg`, {
        eventType: 'order.paid',
        payload: { order, total: order / 10, currency: 'BRL' },
      })
  }
  await send(shop.id, 8)
  for (let tries = 0; tries < 120; tries++) {
    const { success, fail } = await ask('GET', `/app/${shop.id}/endpoint/${failing.id}/stats`)
    if (success + fail >= 1) break
    await new Promise((wait) => setTimeout(wait, 500))
  }
  return {
    send: async (count) => await send(appId, count),
    appId,
    endpointId: endpoints[0].id,
    messageId: messages[0].id,
    sourceId: source.id,
  }
}

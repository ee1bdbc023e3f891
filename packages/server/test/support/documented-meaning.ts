// What JSON Schema cannot say of a body: which ids there are, which of two times is the later, what reads as an
// expression. Bodies that are drawn at random are given that meaning, and nothing else.
import fc from 'fast-check'
import { createAuthority } from './certs/certificate.ts'
import type { Languages } from './documented.ts'

type Json = Record<string, unknown>

const openApi = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  webhooks: { 'invoice.paid': { post: { description: 'Paid' } } },
}

/** Texts in languages of their own. */
export const languages: Languages = {
  // Names would be looked up.
  uri: fc.webPath().map((path) => `https://127.0.0.1${path}`),
  cel: fc.constant('payload'),
  'header-name': fc.stringMatching(/^x-[a-z0-9]{1,20}$/),
  'header-value': fc.stringMatching(/^[!-~]{0,40}$/),
  'signing-secret': fc
    .uint8Array({ minLength: 24, maxLength: 75 })
    .map((bytes) => `whsec_${Buffer.from(bytes).toString('base64')}`),
  'media-type': fc.constantFrom('text/plain', 'application/xml'),
  'ip-or-network': fc.constantFrom('203.0.113.7', '198.51.100.0/24', '2001:db8::/32'),
  'application/schema+json': fc.constantFrom({}, { type: 'object' }, { maxLength: 3 }),
  'application/vnd.oai.openapi': fc.constant(JSON.stringify(openApi)),
  'application/vnd.oai.openapi+json': fc.constant(openApi),
  'application/x-pem-file': fc.constant('not yet'),
}

const authority = createAuthority('documented')
const identity = authority.sign({ names: ['localhost'] })

const dayMs = 86_400_000
const daysFromNow = (days: number) => new Date(Date.now() + days * dayMs).toISOString()

export function meaningful(
  operation: string,
  drawn: unknown,
  ids: Record<string, string>,
): unknown {
  if (typeof drawn !== 'object' || drawn === null || Array.isArray(drawn)) return drawn
  const body = { ...drawn } as Json
  const set = (name: string, value: unknown, of: Json = body) => {
    if (of[name] != null) of[name] = value
  }
  inOrder(body)
  if (isObject(body['filter'])) inOrder(body['filter'])
  for (const one of [body, body['endpointDefaults']])
    if (isObject(one) && isObject(one['circuit'])) pausesInOrder(one['circuit'])
  // What is drawn for a message alone; a batch makes no application.
  for (const one of Array.isArray(body['messages']) ? body['messages'] : [])
    if (isObject(one)) delete one['application']
  for (const one of [body, body['application']])
    if (isObject(one) && isObject(one['metadata'])) shorten(one['metadata'])
  // Headers that are patched are added to those of the runs before, and there may be 50.
  if (operation.startsWith('PATCH ') && isObject(body['headers']))
    body['headers'] = Object.fromEntries(
      Object.values(body['headers']).map((value, index) => [`x-${index}`, value]),
    )
  set('expiresAt', daysFromNow(1))
  set('offset', 0)
  set('appIds', [ids['app_id']])
  delete body['iterator']
  // Of an event type that has as many.
  delete body['exampleIndex']
  // A uid of an endpoint is found within its app.
  for (const one of [body, body['filter']])
    if (isObject(one) && one['endpointId'] != null) one['appId'] ??= ids['app_id']
  // Each dialect has its own.
  if (body['dialectOptions'] !== undefined) body['dialectOptions'] = {}
  if (body['secret'] != null && (body['dialect'] ?? 'standard') !== 'standard')
    delete body['secret']
  // Connected to for real, and looked into: the tests of destinations, brokers and endpoints' access do that.
  if (body['destination'] != null) {
    delete body['destination']
    body['url'] ??= 'https://example.com/'
  }
  for (const name of ['tls', 'broker']) if (body[name] != null) delete body[name]
  set('values', JSON.parse(ids['template_values'] ?? '{}'))
  set('identity', identity.cert + identity.key)
  set('serverCaCert', authority.cert)
  // The endpoint has none of its own.
  if (operation.endsWith('/{endpoint_id}/transform')) body['transform'] ??= {}
  return body
}

function inOrder(one: Json): void {
  if (one['since'] != null) one['since'] = daysFromNow(-3)
  if (one['until'] != null) one['until'] = daysFromNow(-1)
}

function pausesInOrder(circuit: Json): void {
  const { pauseMs, maxPauseMs } = circuit
  if (typeof pauseMs === 'number' && typeof maxPauseMs === 'number')
    circuit['maxPauseMs'] = Math.max(pauseMs, maxPauseMs)
}

/** Together they may hold less than each alone times their number. */
function shorten(metadata: Json): void {
  for (const [name, text] of Object.entries(metadata)) metadata[name] = String(text).slice(0, 1_000)
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

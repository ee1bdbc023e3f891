import { showId } from '../../../core/id.ts'
import { bearer } from '../../pombo-api.ts'
import {
  type DemoEvent,
  downAtFirst,
  flaky,
  good,
  hmacVerifier,
  type Place,
  type Script,
} from '../script.ts'

const base = '/api/webhooks'
const secret = 'your-webhook-secret-key'
const verify = hmacVerifier(
  secret,
  'x-webhook-signature',
  (hex) => `sha256=${hex}`,
  (headers, body) => `${String(headers['x-webhook-timestamp'])}.${body}`,
)

/** What happens, by whom it is wanted, and its own request where it has one. */
const happenings = [
  { type: 'user.registered', path: '/events/user-registered', to: ['crm', 'n8n'] },
  { type: 'payment.confirmed', path: '/events/payment-confirmed', to: ['crm', 'erp'] },
  { type: 'agent.created', path: undefined, to: ['crm'] },
  { type: 'conversation.created', path: '/events/conversation-created', to: ['crm', 'erp'] },
] as const

/** An organisation with two endpoints and a workflow of n8n. */
export const agentes: Script = {
  about: 'domain events of Agentes de Conversão in; endpoints and n8n workflows out',
  count: 60,
  rate: 20,
  roles: [
    { ...good, name: 'crm' },
    { ...flaky, name: 'erp' },
    { ...downAtFirst, name: 'n8n' },
  ],
  face: { base: '', headers: bearer },
  // What has no secret of its own is signed by this one: the workflow.
  settings: ({ run }) => ({ WEBHOOK_SECRET: secret, AGENTES_ORGANIZATION: organization(run) }),
  async setUp(api, place) {
    const wanted = (role: string) =>
      happenings
        .filter(({ to }) => (to as readonly string[]).includes(role))
        .map(({ type }) => type)
    const made: [string, string][] = []
    for (const [role, name] of [
      ['crm', 'CRM'],
      ['erp', 'ERP'],
    ] as const) {
      const endpoint = { name, url: `${place.url(role)}/webhooks`, events: wanted(role), secret }
      const { id } = await api.must<{ id: string }>('POST', `${base}/endpoints`, endpoint)
      made.push([role, id])
    }
    const { id } = await api.must<{ id: string }>('POST', `${base}/n8n/workflows`, {
      workflow_id: 'dkbY8I5uombxmvgj',
      name: 'User Registration',
      webhook_url: `${place.url('n8n')}/webhook/user-registration`,
      event_types: wanted('n8n'),
    })
    made.push(['n8n', id])
    const path = (one: string) =>
      `/app/${organization(place.run)}/endpoint/${showId('endpoint', one)}`
    return {
      endpoints: Object.fromEntries(made.map(([role, one]) => [role, { path: path(one), verify }])),
      events: events(place),
      readings: [`${base}/stats`, `${base}/health`],
    }
  },
  idIn: (body) =>
    (body as { data?: { metadata?: { reference?: string } } }).data?.metadata?.reference,
}

function organization(run: string): string {
  return `demo-${run}`
}

function* events({ run, now }: Place): Generator<DemoEvent> {
  for (let number = 0; ; number++) {
    const { type, path, to } = happenings[number % happenings.length]!
    const user_id = `user-${number % 7}`
    const reference = `${type} ${run}-${number}`
    const data = {
      user_id,
      email: `${user_id}@example.com`,
      at: new Date(now()).toISOString(),
      metadata: { source: 'landing_page', reference },
    }
    yield {
      id: reference,
      kind: type,
      path: `${base}${path ?? '/trigger'}`,
      body: path === undefined ? { event_type: type, data, user_id } : data,
      to,
    }
  }
}

import { bearer } from '../../pombo-api.ts'
import { keyOf } from '../../receiving.ts'
import { verifierOf } from '../../sink/verify.ts'
import { conversation, type Said } from '../conversation.ts'
import { type DemoEvent, downAtFirst, flaky, good, type Script } from '../script.ts'

const roles = [good, flaky, downAtFirst]
const base = '/api/v1'

/** Pombo's own: an app with an endpoint for each receiver, every event for all of them. The server stays up. */
export const standard: Script = {
  about: "Pombo's own API, which is Svix's, and the signatures of Standard Webhooks",
  count: 200,
  rate: 40,
  roles,
  face: { base: '', headers: bearer },
  async setUp(api, { url, seed, now }) {
    const made = await api.must<{ id: string }>('POST', `${base}/app`, {
      name: 'Loja Centro (demo)',
    })
    const app = `/app/${made.id}`
    const entries = []
    for (const { name } of roles) {
      const endpoint = await api.must<{ id: string }>('POST', `${base}${app}/endpoint`, {
        url: `${url(name)}/webhooks`,
        description: `demo: ${name}`,
      })
      const path = `${app}/endpoint/${endpoint.id}`
      const key = await keyOf(api, `${base}${path}`)
      entries.push([name, { path, verify: verifierOf(() => [key]) }] as const)
    }
    return {
      endpoints: Object.fromEntries(entries),
      events: events(conversation(seed, now), `${base}${app}/msg`),
      readings: [],
      invitation: (key) => invitation(api.url, key, made.id),
    }
  },
  idIn: (body) => (body as { message?: { id?: string } }).message?.id,
}

function* events(said: Iterable<Said, never>, path: string): Generator<DemoEvent> {
  for (const { eventType, orderingKey, payload } of said) {
    const { id } = payload.message
    // The event id makes it safe to send the same again when an answer is lost: the second is a conflict (409).
    const body = { eventType, eventId: id, orderingKey, payload }
    yield { id, kind: eventType, path, body, to: roles.map(({ name }) => name) }
  }
}

function invitation(server: string, key: string, appId: string): string {
  return `
The server stays up until Ctrl-C.
  API:  ${server}${base}
  Key:  ${key}
  App:  ${appId}

Send an event of your own:
  curl ${server}${base}/app/${appId}/msg -H 'authorization: Bearer ${key}' -H 'content-type: application/json' \\
    -d '{"eventType": "message.received", "payload": {"text": "Olá!"}}'
`
}

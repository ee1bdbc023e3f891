import { hmacVerifier, type DemoEvent, flaky, good, type Place, type Script } from '../script.ts'
import { conversation, type Said } from '../conversation.ts'

const secret = 'segredo-da-instancia'

/** An instance with a webhook of its own, the global one beside it, and the one that is told how the queue does. */
export const evolution: Script = {
  about: "an Evolution API's events in; its main, global and monitoring webhooks out",
  count: 60,
  rate: 20,
  roles: [
    { ...flaky, name: 'main' },
    { ...good, name: 'global' },
    { ...good, name: 'monitoring', unasked: true },
  ],
  face: { base: '', headers: (apikey) => ({ apikey }) },
  settings: ({ url }) => ({
    WEBHOOK_GLOBAL_ENABLED: 'true',
    WEBHOOK_GLOBAL_URL: `${url('global')}/events`,
    WEBHOOK_GLOBAL_WEBHOOK_BY_EVENTS: 'false',
    WEBHOOK_MONITORING_ENABLED: 'true',
    WEBHOOK_MONITORING_URL: `${url('monitoring')}/monitoring`,
    WEBHOOK_MONITORING_INTERVAL: '1s',
  }),
  async setUp(api, place) {
    const instance = `loja-${place.run}`
    const webhook = { enabled: true, url: `${place.url('main')}/events`, secret }
    await api.must('POST', `/webhook/set/${instance}`, { webhook })
    const path = (uid: string) => `/app/${instance}/endpoint/${uid}`
    // The document signs nothing; an instance's own webhook may have a secret.
    const unsigned = () => undefined
    return {
      endpoints: {
        main: {
          path: path('evolution-main'),
          verify: hmacVerifier(secret, 'x-webhook-signature', (hex) => `sha256=${hex}`),
        },
        global: { path: path('evolution-global'), verify: unsigned },
        monitoring: { path: path('evolution-monitoring'), verify: unsigned },
      },
      events: events(place, instance),
      readings: ['/webhook/health', '/webhook/metrics'],
    }
  },
  idIn(body) {
    const { event, data, timestamp } = body as {
      event: string
      data: { key?: { id: string }; keyId?: string }
      timestamp: string
    }
    return `${event} ${data.key?.id ?? data.keyId ?? timestamp}`
  },
}

function* events(place: Place, instance: string): Generator<DemoEvent> {
  for (const said of conversation(place.seed, place.now)) {
    const { event, data, id } = readable(said)
    const path = `/evolution/${instance}/${event.replaceAll('.', '-')}`
    const date_time = new Date(place.now()).toISOString()
    const body = { event, instance, data, date_time, server_url: 'http://127.0.0.1:8080' }
    yield { id: `${event} ${id}`, kind: event, path, body, to: ['main', 'global'] }
  }
}

/** As Evolution 2 posts it to its webhook. */
function readable({ eventType, payload }: Said): { event: string; data: object; id: string } {
  const { chat, message, sender, content, about, timestamp } = payload
  const remoteJid = chat
  if (about !== undefined) {
    const status = eventType === 'message.read' ? 'READ' : 'DELIVERY_ACK'
    const data = { keyId: about, remoteJid, fromMe: true, participant: chat, status }
    return { event: 'messages.update', data, id: about }
  }
  const fromMe = eventType === 'message.sent'
  const isImage = content?.type === 'image'
  const data = {
    key: { remoteJid, fromMe, id: message.id },
    pushName: sender?.name ?? 'Loja Centro',
    status: fromMe ? 'PENDING' : 'DELIVERY_ACK',
    message: isImage ? { imageMessage: content } : { conversation: content?.text },
    messageType: isImage ? 'imageMessage' : 'conversation',
    messageTimestamp: timestamp,
    source: 'android',
  }
  return { event: fromMe ? 'send.message' : 'messages.upsert', data, id: message.id }
}

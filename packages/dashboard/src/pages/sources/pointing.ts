import type { SourceInput } from '../../api/shapes.ts'

type Gateway = SourceInput['gateway']

/** Where a gateway is told of Pombo: in words of the catalogue (`point.…`), and what is pasted there. */
export interface Pointing {
  where: 'request' | 'environment' | 'panel' | 'code' | 'settings'
  /** The request or the setting, to copy. */
  code: string
}

/** What stands for the token where it cannot be shown any more. */
export const TOKEN = 'TOKEN'

const json = (method: string, path: string, body: object): string =>
  `${method} ${path}\n${JSON.stringify(body, null, 2)}`

/** Gateways with a request or a setting of their own; into all others the address is pasted. */
const own: Partial<Record<Gateway, (url: string) => Pointing>> = {
  evolution: (url) => ({
    where: 'request',
    code: json('POST', '/webhook/set/{instance}', {
      webhook: { enabled: true, url, byEvents: false, base64: false, events: [] },
    }),
  }),
  'evolution-go': (url) => ({ where: 'settings', code: url }),
  waha: (url) => ({
    where: 'request',
    code: json('PUT', '/api/sessions/{session}', {
      config: {
        webhooks: [
          {
            url,
            events: ['*'],
            retries: { policy: 'exponential', delaySeconds: 2, attempts: 15 },
          },
        ],
      },
    }),
  }),
  gowa: (url) => ({
    where: 'environment',
    code: `WHATSAPP_WEBHOOK=${url}\nWHATSAPP_WEBHOOK_EVENTS=`,
  }),
  wuzapi: (url) => ({
    where: 'request',
    code: json('POST', '/webhook', { webhookURL: url, events: ['All'] }),
  }),
  zpwoot: (url) => ({
    where: 'request',
    code: json('POST', '/sessions/{id}/webhook/set', { enabled: true, url, events: ['all'] }),
  }),
  uazapi: (url) => ({
    where: 'request',
    code: json('POST', '/webhook', {
      enabled: true,
      url,
      events: ['messages', 'messages_update', 'connection', 'groups', 'presence', 'call'],
    }),
  }),
  'z-api': (url) => ({
    where: 'request',
    code: json('PUT', '/instances/{instance}/token/{token}/update-every-webhooks', {
      value: url,
      notifySentByMe: true,
    }),
  }),
  wppconnect: (url) => ({
    where: 'request',
    code: json('POST', '/api/{session}/start-session', { webhook: url, waitQrCode: false }),
  }),
  'twilio-whatsapp': (url) => ({ where: 'panel', code: url }),
  'whatsapp-cloud': (url) => ({
    where: 'panel',
    code: `${url}\n${new URL(url).searchParams.get('token') ?? TOKEN}`,
  }),
  baileys: (url) => ({
    where: 'code',
    code: [
      `sock.ev.process(async (events) => {`,
      `  const { 'creds.update': _keys, ...rest } = events`,
      `  const body = JSON.stringify({ ...rest, me: sock.user, id: crypto.randomUUID() })`,
      `  await fetch('${url}', {`,
      `    method: 'POST', body, headers: { 'content-type': 'application/json' },`,
      `  })`,
      `})`,
    ].join('\n'),
  }),
  whatsmeow: (url) => ({
    where: 'code',
    code: [
      `client.AddEventHandler(func(evt any) {`,
      `    name := reflect.TypeOf(evt).Elem().Name()`,
      `    body, _ := json.Marshal(map[string]any{"type": name, "event": evt})`,
      `    http.Post("${url}", "application/json", bytes.NewReader(body))`,
      `})`,
    ].join('\n'),
  }),
}

export function pointing(gateway: string, url: string): Pointing {
  return own[gateway as Gateway]?.(url) ?? { where: 'settings', code: url }
}

import type { Verifier } from '../../sink/verify.ts'
import {
  type DemoEvent,
  downAtFirst,
  flaky,
  good,
  hmacVerifier,
  type Place,
  type Script,
} from '../script.ts'

const roles = [good, flaky, downAtFirst]
const base = '/api/devices'
const secret = 'meu-secret-super-seguro'
const verify = hmacVerifier(secret, 'x-webhook-signature', (hex) => hex)

/** The life of a container, over and over; the extra member tells one report from another. */
const reports = [
  { code: 'CONTAINER_START', message: 'WhatsApp container started successfully' },
  { code: 'LOGIN_SUCCESS', message: 'Successfully paired' },
  { code: 'AUTH_FAILURE', message: 'Failed to authenticate' },
  { code: 'LOGOUT_COMPLETE', message: 'Logout completed' },
  { code: 'CONTAINER_STOP', message: 'WhatsApp container stopped' },
] as const

/**
 * Three devices whose manager reports what becomes of them. Each device's events keep their order, over retries
 * too.
 */
export const deviceStatus: Script = {
  about: 'WhatsApp containers: what their manager reports in, {device, event, timestamp} out',
  count: 60,
  rate: 20,
  roles,
  face: {
    base: '',
    headers: (key) => ({
      authorization: `Basic ${Buffer.from(`admin:${key}`).toString('base64')}`,
    }),
  },
  async setUp(api, place) {
    const endpoints: Record<string, { path: string; verify: Verifier }> = {}
    const hashes: string[] = []
    for (const { name } of roles) {
      const device = { statusWebhookUrl: `${place.url(name)}/webhook/status` }
      const { deviceHash } = await api.must<{ deviceHash: string }>('POST', base, {
        ...device,
        statusWebhookSecret: secret,
      })
      hashes.push(deviceHash)
      endpoints[name] = { path: `/app/${deviceHash}/endpoint/status`, verify }
    }
    return { endpoints, events: events(place, hashes), readings: [`${base}/${hashes[1]}`] }
  },
  idIn: (body) => (body as { event?: { data?: { report?: string } } }).event?.data?.report,
}

function* events({ run }: Place, hashes: readonly string[]): Generator<DemoEvent> {
  for (let number = 0; ; number++) {
    const device = number % roles.length
    const report = reports[Math.floor(number / roles.length) % reports.length]!
    const id = `${report.code} ${run}-${number}`
    const data = { container_id: `whatsapp-${hashes[device]}`, report: id }
    yield {
      id,
      kind: report.code,
      path: `${base}/${hashes[device]}/events`,
      body: { ...report, data },
      to: [roles[device]!.name],
    }
  }
}

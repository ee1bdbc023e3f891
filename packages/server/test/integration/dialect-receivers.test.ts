// The receivers of the dialects' documents, as programs, against what Pombo formats, signs and sends.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { DialectName, Endpoint } from '../../src/core/endpoint.ts'
import { parseOpaqueSecret } from '../../src/core/secret.ts'
import { requestOf } from '../../src/deliver/request.ts'
import { createSender, type Sender, type SendRequest } from '../../src/deliver/send/send.ts'
import { dialectOf } from '../../src/dialects/dialects.ts'
import { nameOf } from '../../src/dialects/evolution/payload.ts'
import { canonicalSamples } from '../support/canonical-events.ts'
import {
  endpointOf,
  outgoing,
  type Sample,
  sampleAtMs,
  samplesOf,
} from '../support/dialect-samples.ts'
import { programOf, type ReceiverProcess, startReceiver } from '../support/receiver-process.ts'

const secret = 'segredo do webhook: ação 1!'
const token = 'tok_9f8e7d'

interface Receiver {
  dialect: DialectName
  file: string
  settings?: Record<string, string>
  endpoint?: Partial<Endpoint>
  /** Headers without which it refuses. */
  needs: string[]
  /** What it finds the event under, where the type alone does not say. */
  eventOf?(sample: Sample): string
}

const receivers: Receiver[] = [
  {
    dialect: 'whatsmeow',
    file: 'whatsmeow/receiver.ts',
    settings: { WEBHOOK_TOKEN: token },
    endpoint: { headers: { Authorization: token } },
    needs: ['Authorization', 'X-Webhook-Signature'],
  },
  {
    dialect: 'zaphub',
    file: 'zaphub/receiver.ts',
    needs: ['X-ZapHub-Signature'],
  },
  {
    dialect: 'zaphub',
    file: 'zaphub/receiver.py',
    needs: ['X-ZapHub-Signature'],
  },
  {
    dialect: 'device-status',
    file: 'device-status/receiver.ts',
    needs: ['X-Webhook-Signature'],
  },
  {
    dialect: 'device-status',
    file: 'device-status/receiver.py',
    needs: ['X-Webhook-Signature'],
  },
  {
    dialect: 'evolution',
    file: 'evolution/receiver.ts',
    needs: ['X-Webhook-Signature'],
    eventOf: (sample) => nameOf(outgoing(sample)),
  },
  {
    dialect: 'agentes',
    file: 'agentes/receiver.py',
    needs: ['X-Webhook-Timestamp', 'X-Webhook-Signature'],
  },
  {
    dialect: 'agentes',
    file: 'agentes/receiver.ts',
    needs: ['X-Webhook-Timestamp', 'X-Webhook-Signature'],
  },
]

let sender: Sender
beforeEach(() => {
  sender = createSender({ allowSubnets: ['127.0.0.1/32'], httpsOnly: false, userAgent: 'Pombo' })
})
afterEach(() => sender.close())

/** The request that a delivery of the sample would be. */
function request(
  { dialect, endpoint }: Receiver,
  sample: Sample,
  url: string,
): SendRequest & { body: string } {
  const parsed = parseOpaqueSecret(secret)
  if (!parsed.ok) throw new Error(parsed.problem)
  const { message, app } = outgoing(sample)
  const claim = {
    deliveryId: '019a5874-0000-7000-8000-00000000d001',
    endpoint: endpointOf(dialect, {
      url,
      secrets: [{ secret: parsed.secret, expiresAtMs: null }],
      ...endpoint,
    }),
    app: {
      id: message.appId,
      uid: app.uid,
      name: app.name,
      kind: 'app' as const,
      tenantRetrySchedules: null,
    },
    message,
    payloadBytes: message.payload?.length ?? 0,
    attempt: 0,
    trigger: 0 as const,
    ordered: false,
    leasedBy: 'node',
  }
  return requestOf({ claim }, dialectOf(dialect), sampleAtMs, {
    url: 'https://pombo.example.com',
    linkTo: () => '',
  })
}

describe.each(receivers)('$file', (receiver) => {
  const missing = programOf(receiver.file) === null
  let started: ReceiverProcess
  beforeAll(async () => {
    if (!missing)
      started = await startReceiver(receiver.file, { WEBHOOK_SECRET: secret, ...receiver.settings })
  })
  afterAll(() => started?.stop())

  const samples = [...samplesOf(receiver.dialect), ...canonicalSamples]
  const example = samples[0]!

  async function answerTo(changed: SendRequest): Promise<number | string> {
    const outcome = await sender.send(changed)
    if (outcome.kind !== 'delivered' && outcome.kind !== 'refused') return outcome.kind
    await started.next()
    return outcome.statusCode
  }

  test.skipIf(missing)(
    'accepts every event that leaves in its dialect, under its name',
    async () => {
      for (const sample of samples) {
        const outcome = await sender.send(request(receiver, sample, started.url))
        const event =
          receiver.eventOf?.(sample) ?? dialectOf(receiver.dialect).eventName(sample.eventType)
        expect(await started.next(), sample.provenance).toMatchObject({ status: 200, event })
        expect(outcome).toMatchObject({ kind: 'delivered', statusCode: 200 })
      }
    },
  )

  test.skipIf(missing)('refuses a body that was tampered with', async () => {
    const sent = request(receiver, example, started.url)
    expect(await answerTo(sent)).toBe(200)
    expect(await answerTo({ ...sent, body: sent.body.replace('a', 'b') })).toBe(401)
    expect(await answerTo({ ...sent, body: `${sent.body} ` })).toBe(401)
  })

  test.skipIf(missing).each(receiver.needs)(
    'refuses a request without, or with another, %s',
    async (name) => {
      const sent = request(receiver, example, started.url)
      const own = Object.keys(sent.headers).find((one) => one.toLowerCase() === name.toLowerCase())
      expect(own).toBeDefined()
      const { [own!]: value = '', ...rest } = sent.headers
      expect(await answerTo({ ...sent, headers: rest })).toBe(401)
      const other = value.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
      expect(await answerTo({ ...sent, headers: { ...rest, [name]: other } })).toBe(401)
    },
  )
})

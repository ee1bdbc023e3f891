// What the documents' receivers do beyond verifying, as programs: their handlers, their recognition of repeats, and
// where they are wrong.
import { spawn } from 'node:child_process'
import { createCipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DialectName, Endpoint } from '../../src/core/endpoint.ts'
import { parseOpaqueSecret } from '../../src/core/secret.ts'
import { createSender, type Sender } from '../../src/deliver/send/send.ts'
import { dialectOf } from '../../src/dialects/dialects.ts'
import { decryptMedia } from '../../../sdk/src/media.ts'
import { endpointOf, outgoing, type Sample, samplesOf } from '../support/dialect-samples.ts'
import { programOf, type ReceiverProcess, startReceiver } from '../support/receiver-process.ts'
import { shownCode } from '../support/shown-code.ts'

const secret = 'segredo do webhook: ação 1!'

let sender: Sender
const running: ReceiverProcess[] = []
beforeEach(() => {
  sender = createSender({ allowSubnets: ['127.0.0.1/32'], httpsOnly: false, userAgent: 'Pombo' })
})
afterEach(async () => {
  await sender.close()
  await Promise.all(running.splice(0).map((one) => one.stop()))
})

async function start(file: string, settings: Record<string, string> = {}) {
  const receiver = await startReceiver(file, { WEBHOOK_SECRET: secret, ...settings })
  running.push(receiver)
  return receiver
}

function sampleOf(dialect: DialectName, file: string): Sample {
  return samplesOf(dialect).find((one) => one.file === file)!
}

/** Sends one event as a delivery would; what the receiver says about it. */
async function deliver(
  dialectName: DialectName,
  sample: Sample,
  receiver: ReceiverProcess,
  given: Partial<Endpoint> = {},
) {
  const parsed = parseOpaqueSecret(secret)
  if (!parsed.ok) throw new Error(parsed.problem)
  const dialect = dialectOf(dialectName)
  const event = outgoing(sample)
  const endpoint = endpointOf(dialectName, { url: receiver.url, ...sample.endpoint, ...given })
  const body = dialect.format(event, endpoint)
  const outcome = await sender.send({
    url: dialect.url?.(event, endpoint) ?? endpoint.url,
    headers: {
      'content-type': 'application/json',
      ...dialect.headers(event, endpoint),
      ...dialect.sign(event, endpoint, body, [parsed.secret]),
    },
    body,
    timeoutMs: dialect.timeoutMs,
  })
  return { outcome, said: await receiver.next() }
}

describe.each(['zaphub/receiver.ts', 'zaphub/receiver.py'])('%s', (file) => {
  test.skipIf(programOf(file) === null)(
    'does what the document shows with each event',
    async () => {
      const receiver = await start(file)
      const printed = async (name: string) => {
        const { outcome, said } = await deliver('zaphub', sampleOf('zaphub', name), receiver)
        expect(outcome).toMatchObject({
          kind: 'delivered',
          response: expect.stringMatching(/"received": ?true/),
        })
        return (said['printed'] as string[]).slice(0, 2)
      }
      expect(await printed('message.received')).toEqual([
        '[Webhook] Received: message.received from abc-123',
        'New message from 5511999999999@s.whatsapp.net: Hello, I need help',
      ])
      expect((await printed('session.connected'))[1]).toBe(
        'Connected: abc-123 at 2025-11-13T10:30:30.000Z',
      )
      expect((await printed('message.sent'))[1]).toBe('Sent: 3EB0C7A1B2C3D4E5F607')
    },
  )
})

test('ZapHub’s receiver knows a repeat by its deliveryId, whatever was edited in between', async () => {
  const receiver = await start('zaphub/receiver.ts', { IDEMPOTENT: '1' })
  const sample = sampleOf('zaphub', 'message.received')
  expect((await deliver('zaphub', sample, receiver)).said['answer']).toEqual({ received: true })
  const again = await deliver('zaphub', sample, receiver)
  expect(again.said).toMatchObject({ status: 200, answer: { received: true, duplicate: true } })
})

test('the document’s length check refuses a whole raw_media; the right one takes it, and it decrypts', async () => {
  const [file, mediaKey] = [randomBytes(54_321), randomBytes(32)]
  const keys = Buffer.from(hkdfSync('sha256', mediaKey, '', 'WhatsApp Image Keys', 112))
  const cipher = createCipheriv('aes-256-cbc', keys.subarray(16, 48), keys.subarray(0, 16))
  const ciphertext = Buffer.concat([cipher.update(file), cipher.final()])
  const mac = createHmac('sha256', keys.subarray(48, 80)).update(keys.subarray(0, 16))
  const blob = Buffer.concat([ciphertext, mac.update(ciphertext).digest().subarray(0, 10)])
  const cdn = createServer((_, response) => response.end(blob)).listen(0, '127.0.0.1')
  await once(cdn, 'listening')
  try {
    const sample = structuredClone(sampleOf('zaphub', 'message.received-group-image'))
    const { media } = (sample.payload as { content: { media: Record<string, unknown> } }).content
    media['url'] = `http://127.0.0.1:${(cdn.address() as AddressInfo).port}/1.enc`
    media['mediaKey'] = mediaKey.toString('base64')
    const body = dialectOf('zaphub').format(outgoing(sample), endpointOf('zaphub'))
    const { payload } = JSON.parse(body) as { payload: { raw_media: { mediaKey: string } } }
    const path = fileURLToPath(new URL('../receivers/zaphub/raw-media.ts', import.meta.url))
    const child = spawn(process.execPath, [path], {
      env: { MEDIA: JSON.stringify(payload.raw_media) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    await once(child, 'close')
    const said = JSON.parse(output) as { right: { bytes: string }; asDocumented: { error: string } }
    expect(said.asDocumented.error).toMatch(/tamanhos diferentes/)
    const encrypted = Buffer.from(said.right.bytes, 'base64')
    expect(Buffer.from(await decryptMedia(encrypted, payload.raw_media.mediaKey, 'image'))).toEqual(
      file,
    )
    const readme = new URL('../../src/dialects/zaphub/README.md', import.meta.url)
    const sdk = new URL('../../../sdk/src/sdk.ts', import.meta.url).href
    const { fetchMedia } = (await shownCode(readFileSync(readme, 'utf8'), 'fetchMedia', {
      '@pombo/sdk': sdk,
    })) as { fetchMedia: (rawMedia: object, kind: string) => Promise<Uint8Array> }
    expect(Buffer.from(await fetchMedia(payload.raw_media, 'image'))).toEqual(file)
  } finally {
    cdn.close()
    cdn.closeAllConnections()
  }
})

test.each([
  ['login_success', ['handleLoginSuccess']],
  ['connected', ['handleDeviceConnected']],
  ['disconnected', ['handleDeviceDisconnected']],
  ['auth_failed', ['handleAuthFailed', 'handleDeviceError']],
  ['container_event-start', ['handleContainerEvent', 'handleContainerRunning']],
  ['container_event-stop', ['handleContainerEvent', 'handleContainerStopped']],
])('the document’s switches take %s to %j', async (file, handlers) => {
  const receiver = await start('device-status/receiver.ts')
  const { said } = await deliver('device-status', sampleOf('device-status', file), receiver)
  expect(said).toMatchObject({ status: 200, handlers })
  expect(said['key']).toMatch(/^a1b2c3d4e5f67890-2025-08-12T/)
  expect(said['id']).toMatch(/^msg_/)
})

test('a receiver that verifies what it wrote again refuses true events; one that takes what came, none', async () => {
  const sample = sampleOf('device-status', 'own')
  const asDocumented = await start('device-status/receiver.ts', { AS_DOCUMENTED: '1' })
  expect((await deliver('device-status', sample, asDocumented)).said).toMatchObject({ status: 401 })
  const right = await start('device-status/receiver.ts')
  expect((await deliver('device-status', sample, right)).said).toMatchObject({ status: 200 })
})

test('with Evolution’s jwt_key the receiver takes the token, until it expires', async () => {
  const options = { dialectOptions: { signature: 'jwt', webhookByEvents: true } }
  const sample = sampleOf('evolution', 'messages.upsert-reply')
  const issuedAt = Math.floor(outgoing(sample).nowMs / 1000)
  const said = async (nowSeconds: number, key = secret) => {
    const settings = { JWT_KEY: key, NOW_SECONDS: String(nowSeconds) }
    const receiver = await start('evolution/receiver.ts', settings)
    return (await deliver('evolution', sample, receiver, options)).said
  }
  expect(await said(issuedAt + 599)).toEqual({
    status: 200,
    path: '/hook/messages-upsert',
    event: 'messages.upsert',
    kind: 'main',
  })
  expect(await said(issuedAt + 600)).toMatchObject({ status: 401 })
  expect(await said(issuedAt, 'outra')).toMatchObject({ status: 401 })
})

test('the monitoring webhook gets the members of its own envelope', async () => {
  const receiver = await start('evolution/receiver.ts')
  const { said } = await deliver('evolution', sampleOf('evolution', 'queue.stats'), receiver)
  expect(said).toMatchObject({ status: 200, event: 'queue.stats', kind: 'monitoring' })
})

// The document's receiver for Node, rebuilt on node:http: validateWebhook, the answer before the work (its section on
// best practice, which reads the body raw), its two switches. Two mistakes of it are mended. Its example of use
// verifies JSON.stringify(req.body), which is not what was sent: the body is verified as it came. timingSafeEqual
// throws on two lengths: they are compared first. AS_DOCUMENTED=1 brings both back. It prints a line of JSON when it
// listens, and one a request.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const { WEBHOOK_SECRET: secret = '', AS_DOCUMENTED: asDocumented = '' } = process.env

interface StatusEvent {
  device: { deviceHash: string; status: string }
  event: { type: string; code: string; message: string }
  timestamp: string
}

function validateWebhook(payload: string | Buffer, signature: string, key: string): boolean {
  const expectedSignature = createHmac('sha256', key).update(payload).digest('hex')
  const [given, expected] = [Buffer.from(signature), Buffer.from(expectedSignature)]
  if (asDocumented !== '1' && given.length !== expected.length) return false
  return timingSafeEqual(given, expected)
}

const byType: Readonly<Record<string, string>> = {
  connected: 'handleDeviceConnected',
  disconnected: 'handleDeviceDisconnected',
  login_success: 'handleLoginSuccess',
  auth_failed: 'handleAuthFailed',
  container_event: 'handleContainerEvent',
}

const byStatus: Readonly<Record<string, string>> = {
  running: 'handleContainerRunning',
  stopped: 'handleContainerStopped',
  error: 'handleDeviceError',
}

/** The handlers that the document's processWebhook calls, in its order. */
function processWebhook({ event, device }: StatusEvent): string[] {
  return [byType[event.type], byStatus[device.status]].filter((handler) => handler !== undefined)
}

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const raw = Buffer.concat(chunks)
  const answer = (status: number, text: string, more: object = {}) => {
    response.writeHead(status).end(text)
    console.log(JSON.stringify({ status, ...more }))
  }
  const signature = request.headers['x-webhook-signature']
  try {
    const payload = asDocumented === '1' ? JSON.stringify(JSON.parse(raw.toString('utf8'))) : raw
    if (!validateWebhook(payload, String(signature), secret)) return answer(401, 'Unauthorized')
    const webhook = JSON.parse(raw.toString('utf8')) as StatusEvent
    const { device, event, timestamp } = webhook
    return answer(200, 'OK', {
      event: event.type,
      id: request.headers['webhook-id'],
      key: `${device.deviceHash}-${timestamp}`,
      handlers: processWebhook(webhook),
    })
  } catch (error) {
    return answer(500, 'Error', { error: String(error) })
  }
}

const server = createServer((request, response) => void receive(request, response))
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }))
})

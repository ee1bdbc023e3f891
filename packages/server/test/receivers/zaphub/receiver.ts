// The document's receiver for Node and Express, rebuilt on node:http: its switch, its handlers and its answers; with
// IDEMPOTENT=1 its recognition of repeats by deliveryId. handleSessionConnected and handleMessageSent, which the
// document calls and does not show, print. With WEBHOOK_SECRET it verifies X-ZapHub-Signature over the body as it
// came, which the document does not have yet. It prints a line of JSON when it listens, and one a request: the
// status, the event, and what the document's program would have printed.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const { WEBHOOK_SECRET: secret = '', IDEMPOTENT: idempotent = '' } = process.env

interface Payload {
  from: string
  content: { text: string }
  connected_at: string
  wa_message_id: string
}

interface Webhook {
  event: string
  sessionId: string
  payload: Payload
  timestamp: string
  deliveryId: string
}

type Print = (line: string) => void

const processedDeliveries = new Set<string>()

function handleIncomingMessage(_sessionId: string, payload: Payload, print: Print): void {
  print(`New message from ${payload.from}: ${payload.content.text}`)
}

function handleSessionConnected(sessionId: string, payload: Payload, print: Print): void {
  print(`Connected: ${sessionId} at ${payload.connected_at}`)
}

function handleMessageSent(_sessionId: string, payload: Payload, print: Print): void {
  print(`Sent: ${payload.wa_message_id}`)
}

function handleWebhook({ event, sessionId, payload }: Webhook, print: Print): void {
  print(`[Webhook] Received: ${event} from ${sessionId}`)
  switch (event) {
    case 'message.received':
      handleIncomingMessage(sessionId, payload, print)
      break
    case 'session.connected':
      handleSessionConnected(sessionId, payload, print)
      break
    case 'message.sent':
      handleMessageSent(sessionId, payload, print)
      break
    default:
      print(`Unknown event: ${event}`)
  }
}

function verified(body: Buffer, signature: string): boolean {
  const expected = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  return (
    signature.length === expected.length &&
    timingSafeEqual(Buffer.from(signature), Buffer.from(expected))
  )
}

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  const printed: string[] = []
  const answer = (status: number, json: object, event: unknown = null) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json))
    console.log(JSON.stringify({ status, event, answer: json, printed }))
  }
  if (secret !== '' && !verified(body, String(request.headers['x-zaphub-signature'])))
    return answer(401, { error: 'bad signature' })
  try {
    const webhook = JSON.parse(body.toString('utf8')) as Webhook
    const { deliveryId, event } = webhook
    const said = [
      request.headers['x-zaphub-event'],
      request.headers['x-zaphub-delivery'],
      request.headers['user-agent'],
    ]
    if (String(said) !== String([event, deliveryId, 'ZapHub-Webhook/1.0']))
      return answer(400, { error: `the headers say ${String(said)}` }, event)
    if (idempotent === '1' && processedDeliveries.has(deliveryId)) {
      printed.push(`Duplicate delivery: ${deliveryId}`)
      return answer(200, { received: true, duplicate: true }, event)
    }
    processedDeliveries.add(deliveryId)
    handleWebhook(webhook, (line) => printed.push(line))
    return answer(200, { received: true }, event)
  } catch (error) {
    // What Express does with an exception of a handler.
    return answer(500, { error: String(error) })
  }
}

const server = createServer((request, response) => void receive(request, response))
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }))
})

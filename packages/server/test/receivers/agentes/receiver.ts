// receiver.py beside this file, in Node, for machines without Python: the same checks, line by line.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const { WEBHOOK_SECRET: secret = '' } = process.env

function verifyWebhookSignature(
  payload: string,
  timestamp: string,
  signature: string,
  key: string,
): boolean {
  const expected = createHmac('sha256', key).update(`${timestamp}.${payload}`).digest('hex')
  const a = Buffer.from(`sha256=${expected}`)
  const b = Buffer.from(signature)
  return a.length === b.length && timingSafeEqual(a, b)
}

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const payload = Buffer.concat(chunks).toString('utf8')
  const header = (name: string) => String(request.headers[name] ?? '')
  const timestamp = header('x-webhook-timestamp')
  let status = 401
  let event: unknown = null
  if (verifyWebhookSignature(payload, timestamp, header('x-webhook-signature'), secret)) {
    event = (JSON.parse(payload) as { event_type: unknown }).event_type
    status = 200
  }
  response.writeHead(status).end()
  console.log(JSON.stringify({ status, event, agent: header('user-agent') }))
}

const server = createServer((request, response) => void receive(request, response))
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }))
})

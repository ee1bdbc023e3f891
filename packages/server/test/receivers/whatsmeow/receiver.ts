// A program on the receiving side of the whatsmeow dialect, in Node: what the document's Go does (SignPayload over
// the raw body, the header `sha256=<hex>`, the token compared as it stands, the body unmarshalled into
// WebhookPayload). WEBHOOK_TOKEN and WEBHOOK_SECRET are its settings. It prints a line of JSON when it listens, and
// one a request.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const { WEBHOOK_TOKEN: token = '', WEBHOOK_SECRET: secret = '' } = process.env

function equal(given: string | undefined, expected: string): boolean {
  const a = Buffer.from(given ?? '')
  const b = Buffer.from(expected)
  return a.length === b.length && timingSafeEqual(a, b)
}

function signPayload(payload: Buffer, key: string): string {
  return createHmac('sha256', key).update(payload).digest('hex')
}

/** As encoding/json fills the struct: a field of another type is an error, a null map is an empty one. */
function unmarshal(body: Buffer): { event: string; session_id: string } {
  const payload = JSON.parse(body.toString('utf8')) as Record<string, unknown>
  const { event, session_id, timestamp, data } = payload
  if (typeof event !== 'string' || typeof session_id !== 'string') throw new TypeError('string')
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(String(timestamp)))
    throw new TypeError('time.Time')
  if (typeof data !== 'object' || Array.isArray(data)) throw new TypeError('map')
  return { event, session_id }
}

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  const answer = (status: number, more: object = {}) => {
    response.writeHead(status).end()
    console.log(JSON.stringify({ status, ...more }))
  }
  if (token !== '' && !equal(request.headers.authorization, token)) return answer(401)
  const signature = request.headers['x-webhook-signature']
  if (!equal(String(signature), `sha256=${signPayload(body, secret)}`)) return answer(401)
  try {
    const { event, session_id } = unmarshal(body)
    return answer(200, { event, session: session_id })
  } catch (error) {
    return answer(400, { error: String(error) })
  }
}

const server = createServer((request, response) => void receive(request, response))
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }))
})

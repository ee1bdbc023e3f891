// A program on the receiving side of the evolution dialect. The document has none; this one reads the members that
// its two payloads show, main and monitoring, of requests signed by the secret (WEBHOOK_SECRET) or carrying
// Evolution's token (JWT_KEY). It prints a line of JSON when it listens, and one a request.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const { WEBHOOK_SECRET: secret = '', JWT_KEY: jwtKey = '', NOW_SECONDS: now = '' } = process.env

function equal(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function signed(body: Buffer, signature: string): boolean {
  return equal(signature, `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`)
}

function tokenIsValid(header: string): boolean {
  const [, head = '', claims = '', mac = ''] =
    /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(header) ?? []
  const expected = createHmac('sha256', jwtKey).update(`${head}.${claims}`).digest('base64url')
  if (!equal(mac, expected)) return false
  const read = (part: string) =>
    JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
  const { app, action, iat, exp } = read(claims)
  const at = now === '' ? Date.now() / 1000 : Number(now)
  return (
    read(head)['alg'] === 'HS256' &&
    app === 'evolution' &&
    action === 'webhook' &&
    Number(iat) <= at &&
    at < Number(exp)
  )
}

const members = {
  main: ['event', 'instance', 'data', 'server_url', 'timestamp'],
  monitoring: ['event', 'timestamp', 'instance', 'data', 'server_url'],
}

function read(body: Buffer): { event: string; kind: string } {
  const payload = JSON.parse(body.toString('utf8')) as Record<string, unknown>
  const keys = Object.keys(payload).filter((key) => key !== 'apikey')
  const kind = Object.entries(members).find(([, names]) => String(names) === String(keys))?.[0]
  if (kind === undefined) throw new Error(`members: ${String(keys)}`)
  if (Number.isNaN(Date.parse(String(payload['timestamp'])))) throw new Error('timestamp')
  return { event: String(payload['event']), kind }
}

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  const answer = (status: number, more: object = {}) => {
    response.writeHead(status).end()
    console.log(JSON.stringify({ status, path: request.url, ...more }))
  }
  const valid =
    jwtKey === ''
      ? signed(body, String(request.headers['x-webhook-signature']))
      : tokenIsValid(String(request.headers.authorization))
  if (!valid) return answer(401)
  try {
    return answer(200, read(body))
  } catch (error) {
    return answer(400, { error: String(error) })
  }
}

const server = createServer((request, response) => void receive(request, response))
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }))
})

// Requests to endpoints that speak HTTP/2: only where it is switched on, and only to those that offer it.
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createServer as createTlsServer } from 'node:tls'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openEgress } from '../../src/deliver/send/egress.ts'
import { createSender, type Sender, type SendRequest } from '../../src/deliver/send/send.ts'
import { createAuthority } from '../support/certs/certificate.ts'

const authority = createAuthority('Pombo HTTP/2 test')
let folder: string
const servers: Http2SecureServer[] = []
const senders: Sender[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pombo-h2-'))
  await writeFile(join(folder, 'ca.pem'), authority.cert)
})
afterEach(async () => {
  await Promise.all(senders.splice(0).map((sender) => sender.close()))
  for (const server of servers.splice(0)) server.close()
})
afterAll(async () => rm(folder, { recursive: true, force: true }))

interface Seen {
  version: string
  body: string
  headers: Record<string, unknown>
}

async function startServer(
  answer: (stream: ServerHttp2Stream, count: number) => void = (stream) => {
    stream.respond({ ':status': 200, 'x-a': ['1', '2'] })
    stream.end('{"ok":true}')
  },
  options: object = {},
) {
  const seen: Seen[] = []
  const counts = { connections: 0 }
  const leaf = authority.sign({ names: ['hooks.example.com'] })
  const server = createSecureServer({ ...leaf, allowHTTP1: true, ...options })
  server.on('secureConnection', () => (counts.connections += 1))
  server.on('sessionError', () => {})
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    void text(stream).then(
      (body) => {
        seen.push({ version: '2', body, headers })
        answer(stream, seen.length)
      },
      () => {},
    )
  })
  server.on('request', (request, response) => {
    if (request.httpVersion === '2.0') return
    void text(request).then((body) => {
      seen.push({ version: request.httpVersion, body, headers: request.headers })
      response.end('1')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  servers.push(server)
  const { port } = server.address() as AddressInfo
  return { url: `https://hooks.example.com:${port}/in?a=1`, seen, counts, server }
}

function sender(
  egressHttp2: boolean,
): (url: string, more?: Partial<SendRequest>) => ReturnType<Sender['send']> {
  const egress = openEgress({
    egressNoProxy: [],
    egressTlsMin: '1.2',
    egressCa: join(folder, 'ca.pem'),
    egressHttp2,
  })
  const one = createSender({
    allowSubnets: ['127.0.0.0/8'],
    httpsOnly: false,
    userAgent: 'Pombo',
    lookup: async () => [{ address: '127.0.0.1', family: 4 }],
    egress,
  })
  senders.push(one)
  return async (url, more = {}) =>
    await one.send({
      url,
      headers: { 'content-type': 'application/json', 'webhook-id': 'msg_1' },
      body: '{"a":"é"}',
      timeoutMs: 5_000,
      ...more,
    })
}

test('it is spoken where it is switched on and offered, over one connection', async () => {
  const { url, seen, counts } = await startServer()
  const send = sender(true)
  for (let sent = 0; sent < 3; sent += 1)
    expect(await send(url)).toMatchObject({
      kind: 'delivered',
      statusCode: 200,
      response: '{"ok":true}',
      responseHeaders: { 'x-a': '1, 2' },
    })
  expect(seen).toHaveLength(3)
  expect(seen[0]).toMatchObject({
    version: '2',
    body: '{"a":"é"}',
    headers: {
      ':method': 'POST',
      ':path': '/in?a=1',
      'webhook-id': 'msg_1',
      'content-type': 'application/json',
      'user-agent': 'Pombo',
    },
  })
  expect(counts.connections).toBe(1)
})

test('without the switch HTTP/1.1 is spoken, and so it is to who offers nothing else', async () => {
  const both = await startServer()
  expect(await sender(false)(both.url)).toMatchObject({ kind: 'delivered' })
  expect(both.seen).toMatchObject([{ version: '1.1' }])
  const old = createServer(
    authority.sign({ names: ['hooks.example.com'] }),
    (request, response) => {
      request.resume().on('end', () => response.end(request.httpVersion))
    },
  ).listen(0, '127.0.0.1')
  await once(old, 'listening')
  const url = `https://hooks.example.com:${(old.address() as AddressInfo).port}/`
  const send = sender(true)
  for (let sent = 0; sent < 3; sent += 1)
    expect(await send(url)).toMatchObject({ kind: 'delivered', response: '1.1' })
  old.close()
  old.closeAllConnections()
})

test('who speaks HTTP/2 alone is reached with the switch, and refused in words without', async () => {
  const { url } = await startServer(undefined, { allowHTTP1: false, ALPNProtocols: ['h2'] })
  expect(await sender(false)(url)).toMatchObject({ kind: 'unreachable' })
  expect(await sender(true)(url)).toMatchObject({ kind: 'delivered' })
})

test('statuses, pauses asked for, deadlines and answers without an end are what they are in HTTP/1.1', async () => {
  const refusing = await startServer((stream) => {
    stream.respond({ ':status': 503, 'retry-after': '7' })
    stream.end('busy')
  })
  const send = sender(true)
  expect(await send(refusing.url)).toMatchObject({
    kind: 'refused',
    statusCode: 503,
    retryAfterMs: 7_000,
    response: 'busy',
  })
  const silent = await startServer(() => {})
  expect(await send(silent.url, { timeoutMs: 300 })).toMatchObject({
    kind: 'timed-out',
    phase: 'headers',
  })
  const pouring = await startServer((stream) => {
    stream.respond({ ':status': 200 })
    const pour = setInterval(() => stream.write('x'.repeat(16_384)), 1)
    stream.on('close', () => clearInterval(pour))
  })
  expect(await send(pouring.url)).toMatchObject({ kind: 'delivered', responseTruncated: true })
})

test('a stream that is reset, and a server that goes away, are told; the next request gets through', async () => {
  const resetting = await startServer((stream, count) => {
    if (count === 1) return stream.close(8)
    stream.respond({ ':status': 204 })
    return stream.end()
  })
  const send = sender(true)
  expect(await send(resetting.url)).toMatchObject({ kind: 'unreachable', reason: 'reset' })
  expect(await send(resetting.url)).toMatchObject({ kind: 'delivered', statusCode: 204 })
  const leaving = await startServer((stream) => {
    stream.respond({ ':status': 200 })
    stream.end()
    stream.session?.goaway()
  })
  for (let sent = 0; sent < 3; sent += 1)
    expect(await send(leaving.url)).toMatchObject({ kind: 'delivered' })
})

test.each([
  { 'transfer-encoding': 'chunked' },
  { connection: 'close' },
  { te: 'gzip' },
  { 'x a': 'b' },
  { 'x-a': 'b\r\nc: d' },
  { 'x-a': 'b\0' },
])(
  '%j cannot be written, over HTTP/2 either, and the next request gets through',
  async (headers) => {
    const { url, seen } = await startServer()
    const send = sender(true)
    for (let count = 1; count <= 2; count += 1) {
      expect(await send(url, { headers })).toMatchObject({ kind: 'blocked', reason: 'request' })
      expect(await send(url)).toMatchObject({ kind: 'delivered' })
    }
    expect(seen).toHaveLength(2)
  },
)

test('a kept connection of HTTP/1.1 that is lost before a request is written is opened anew as HTTP/1.1', async () => {
  const offered: string[][] = []
  const sockets: Socket[] = []
  const leaf = authority.sign({ names: ['hooks.example.com'] })
  const ALPNCallback = ({ protocols }: { protocols: string[] }) => {
    offered.push(protocols)
    return 'http/1.1'
  }
  const server = createTlsServer({ ...leaf, ALPNCallback, noDelay: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', () =>
      socket.write('HTTP/1.1 200 OK\r\nkeep-alive: timeout=60\r\ncontent-length: 2\r\n\r\nok'),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `https://hooks.example.com:${(server.address() as AddressInfo).port}/`
  const send = sender(true)
  expect(await send(url)).toMatchObject({ kind: 'delivered', response: 'ok' })
  // From there the next that is done is to read.
  await new Promise((resolve) => setImmediate(resolve))
  sockets[0]!.write('HTTP/1.1 408 Too late\r\ncontent-length: 0\r\n\r\n')
  expect(await send(url)).toMatchObject({ kind: 'delivered', response: 'ok' })
  expect(offered).toEqual([['h2', 'http/1.1'], ['http/1.1']])
  for (const socket of sockets) socket.destroy()
  server.close()
})

test('nothing is sent once the caller may not start any more', async () => {
  const { url, seen } = await startServer()
  const send = sender(true)
  expect(await send(url, { mayStart: () => false })).toMatchObject({
    kind: 'unreachable',
    reason: 'aborted',
  })
  expect(await send(url)).toMatchObject({ kind: 'delivered' })
  expect(seen).toHaveLength(1)
})

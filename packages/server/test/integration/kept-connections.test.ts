// Which connections to a receiver are used again, and what goes over them.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { okAnswer, withReceiver } from '../support/bad-servers.ts'
import { senderPerTest } from '../support/sending.ts'

const send = senderPerTest()
/** Nothing but what comes behind it closes the connection while the test lasts. */
const staysOpen = okAnswer.replace('\r\n\r\n', '\r\nkeep-alive: timeout=60\r\n\r\n')
const delivered = { kind: 'delivered', statusCode: 200, response: 'ok' }

test.each([
  ['behind the answer', (socket: Socket) => socket.write(`${staysOpen}${okAnswer}`)],
  [
    'later',
    (socket: Socket) => {
      socket.write(staysOpen)
      setTimeout(() => socket.write('HTTP/1.1 408 Too late\r\ncontent-length: 0\r\n\r\n'), 50)
    },
  ],
])('an answer that nobody asked for, %s, answers no other request', async (_, answer) => {
  const sockets: Socket[] = []
  const first = (socket: Socket) => {
    sockets.push(socket)
    return sockets.length === 1 ? answer(socket) : socket.write(okAnswer)
  }
  await withReceiver(first, async (receiver) => {
    expect(await send(receiver.url)).toMatchObject(delivered)
    if (!sockets[0]!.destroyed) await once(sockets[0]!, 'close')
    expect(await send(receiver.url)).toMatchObject(delivered)
    expect(receiver.connections()).toBe(2)
  })
})

test('a blank line behind an answer is nothing', async () => {
  await withReceiver(
    (socket) => socket.write(`${okAnswer}\r\n`),
    async (receiver) => {
      for (let count = 0; count < 3; count += 1)
        expect(await send(receiver.url)).toMatchObject(delivered)
      expect(receiver.connections()).toBe(1)
    },
  )
})

test('a receiver that waits for a second only gets a new connection for each request', async () => {
  const answer = okAnswer.replace('\r\n\r\n', '\r\nkeep-alive: timeout=1\r\n\r\n')
  await withReceiver(
    (socket) => socket.write(answer),
    async (receiver) => {
      for (let count = 1; count <= 3; count += 1) {
        expect(await send(receiver.url)).toMatchObject(delivered)
        expect(receiver.connections()).toBe(count)
      }
    },
  )
})

test('answers alike, and then others, on many connections are each their own request’s', async () => {
  let next = 0
  const answer = (socket: Socket) => {
    const n = (next += 1)
    const status = n % 3 === 0 ? 503 : 200
    socket.write(`HTTP/1.1 ${status} X\r\nx-n: ${n % 2}\r\ncontent-length: 1\r\n\r\n${n % 10}`)
  }
  await withReceiver(answer, async (receiver) => {
    const outcomes = await Promise.all(Array.from({ length: 60 }, () => send(receiver.url)))
    expect(outcomes.filter(({ kind }) => kind === 'refused')).toHaveLength(20)
    for (const outcome of outcomes) {
      if (!('response' in outcome && 'responseHeaders' in outcome)) throw new Error(outcome.kind)
      expect(outcome.responseHeaders['x-n']).toBe(String(Number(outcome.response) % 2))
    }
  })
})

test('a body beyond ASCII, as text or as bytes, and a Latin-1 header arrive as they are', async () => {
  const body = JSON.stringify({ text: 'Olá, 你好, 🕊'.repeat(5_000) })
  const seen: { body: Buffer; name: string | undefined }[] = []
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      seen.push({ body: Buffer.concat(pieces), name: request.headers['x-name'] as string })
      response.end('ok')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  for (const given of [body, Buffer.from(body)])
    for (const headers of [{}, { 'x-name': 'Jos\xe9' }])
      expect(
        await send(`http://127.0.0.1:${port}/`, { body: given, headers, timeoutMs: 20_000 }),
      ).toMatchObject(delivered)
  server.close()
  expect(seen.map(({ name }) => name)).toEqual([undefined, 'Jos\xe9', undefined, 'Jos\xe9'])
  for (const one of seen) expect(one.body.equals(Buffer.from(body))).toBe(true)
})

test.each([
  ['a line break in a value', { 'x-a': 'b\r\nc: d' }],
  ['a blank in a name', { 'x a': 'b' }],
  ['U+0000', { 'x-a': 'b\0' }],
  ['a character beyond Latin-1', { 'x-a': '你' }],
  ['a length of its own', { 'content-length': '3' }],
  ['an encoding of its own', { 'Transfer-Encoding': 'chunked' }],
])('%s in a header is not written, and nothing leaves', async (_, headers) => {
  await withReceiver(
    (socket) => socket.write(okAnswer),
    async (receiver) => {
      expect(await send(receiver.url, { headers })).toMatchObject({
        kind: 'blocked',
        reason: 'request',
      })
      expect(receiver.connections()).toBe(0)
    },
  )
})

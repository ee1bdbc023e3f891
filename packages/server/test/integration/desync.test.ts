// Answers that might answer another request too: read as leniently as any, and nothing is sent over their connection
// again. Several tenants may have endpoints at one origin, and share its connections.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { okAnswer, withReceiver } from '../support/bad-servers.ts'
import { runs } from '../support/property-runs.ts'
import { senderPerTest } from '../support/sending.ts'

const send = senderPerTest()
const delivered = { kind: 'delivered', statusCode: 200, response: 'ok' }
/** Nothing but what is wrong with it closes the connection while the test lasts. */
const waits = 'keep-alive: timeout=60\r\n'
const ok = 'content-length: 2\r\n\r\nok'
const chunks = '2\r\nok\r\n0\r\n\r\n'

describe('an answer whose end can be read in two ways is taken, and its connection is not used again', () => {
  test.each([
    [
      'two lengths that differ',
      `HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok`,
    ],
    ['two lengths alike', `HTTP/1.1 200 OK\r\ncontent-length: 2\r\n${ok}`],
    ['a list of lengths that differ', `HTTP/1.1 200 OK\r\ncontent-length: 2, 9\r\n\r\nok`],
    ['a length that is none beside one', `HTTP/1.1 200 OK\r\ncontent-length: x\r\n${ok}`],
    ['a length with a sign', 'HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok'],
    [
      'a length beside chunks',
      `HTTP/1.1 200 OK\r\ncontent-length: 12\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`,
    ],
    ['an encoding beside a length', `HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n${ok}`],
    [
      'chunks of something else',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n${chunks}`,
    ],
    [
      'chunks said twice',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`,
    ],
    [
      'chunks from HTTP/1.0',
      `HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`,
    ],
    ['a blank before the colon of the length', 'HTTP/1.1 200 OK\r\ncontent-length : 2\r\n\r\nok'],
    ['a folded line', `HTTP/1.1 200 OK\r\nx-a: b\r\n content-length: 9\r\n${ok}`],
    ['a CR alone', `HTTP/1.1 200 OK\r\nx-a: b\rcontent-length: 2\r\n\r\nok`],
    ['a line that is no field', `HTTP/1.1 200 OK\r\nnothing\r\n${ok}`],
    ['lines that end in LF alone', 'HTTP/1.1 200 OK\ncontent-length: 2\n\nok'],
    ['a control byte in a value', `HTTP/1.1 200 OK\r\nx-a: \0\r\n${ok}`],
    [
      'an extension of a chunk',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;\nok\r\n0\r\n\r\n`,
    ],
    [
      'trailers',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx: y\r\n\r\n`,
    ],
    ['another version', `HTTP/2 200\r\n${ok}`],
    [
      'close and keep-alive from HTTP/1.0',
      `HTTP/1.0 200 OK\r\nconnection: close, keep-alive\r\n${ok}`,
    ],
  ])('%s', async (_, answer) => {
    const waiting = answer.replace('\n', `\n${waits}`)
    await withReceiver(
      (socket) => socket.write(waiting, 'latin1'),
      async (receiver) => {
        for (let count = 1; count <= 2; count += 1) {
          expect(await send(receiver.url)).toMatchObject(delivered)
          expect(receiver.connections()).toBe(count)
        }
      },
    )
  })

  test.each([
    [204, 'content-length: 2\r\n'],
    [204, 'transfer-encoding: chunked\r\n'],
    [304, 'content-length: 2\r\n'],
  ])('%i with %j, whose body may come later', async (statusCode, field) => {
    await withReceiver(
      (socket) => socket.write(`HTTP/1.1 ${statusCode} X\r\n${waits}${field}\r\n`),
      async (receiver) => {
        for (let count = 1; count <= 2; count += 1) {
          expect(await send(receiver.url)).toMatchObject({ statusCode, response: '' })
          expect(receiver.connections()).toBe(count)
        }
      },
    )
  })

  test.each([
    ['a length and blanks', 'HTTP/1.1 200 OK\r\ncontent-length: \t 2 \t\r\n\r\nok'],
    ['chunks', `HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n${chunks}`],
  ])('but it is where there is no doubt: %s', async (_, answer) => {
    await withReceiver(
      (socket) => socket.write(answer),
      async (receiver) => {
        for (let count = 1; count <= 3; count += 1)
          expect(await send(receiver.url)).toMatchObject(delivered)
        expect(receiver.connections()).toBe(1)
      },
    )
  })
})

describe('what a kept connection brings just before the next request is written', () => {
  test.each<[string, (socket: Socket) => unknown, kept?: boolean]>([
    [
      'an answer that nobody asked for',
      (socket) => socket.write(`HTTP/1.1 500 Late\r\n${ok}`),
      false,
    ],
    [
      '408',
      (socket) =>
        socket.write('HTTP/1.1 408 Too late\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'),
    ],
    ['a reset', (socket) => socket.resetAndDestroy()],
  ])(
    '%s: the request goes over a new connection, and is sent once',
    async (_, before, kept = true) => {
      const sockets: Socket[] = []
      const answer = (socket: Socket) => {
        sockets.push(socket)
        socket.write(okAnswer.replace('\r\n\r\n', `\r\n${waits}\r\n`))
      }
      await withReceiver(answer, async (receiver) => {
        expect(await send(receiver.url)).toMatchObject(delivered)
        // From there the next that is done is to read.
        await new Promise((resolve) => setImmediate(resolve))
        before(sockets[0]!)
        for (let count = 2; count <= 3; count += 1) {
          expect(await send(receiver.url, { timeoutMs: 20_000 })).toMatchObject(delivered)
          expect(receiver.requests()).toBe(count)
          expect(receiver.connections()).toBe(kept ? 2 : count)
        }
        if (!sockets[0]!.destroyed) await once(sockets[0]!, 'close')
      })
    },
  )
})

test.each([
  ['at once', (socket: Socket, twice: string) => socket.write(twice + twice)],
  [
    'later',
    (socket: Socket, twice: string) => {
      socket.write(twice)
      setTimeout(() => socket.write(twice), 20)
    },
  ],
])(
  'a receiver that answers twice, %s, answers no other request with it: each has its own connection',
  async (_, first) => {
    let next = 0
    let late = ''
    const answer = (socket: Socket, _head: string, index: number) => {
      const own = `HTTP/1.1 200 OK\r\n${waits}content-length: 1\r\n\r\n${next}`
      next += 1
      // From the second on, the second of each comes when the next request does.
      if (next === 1) first(socket, own)
      else socket.write(index === 0 ? own : late + own)
      late = own
    }
    await withReceiver(answer, async (receiver) => {
      expect(await send(receiver.url)).toMatchObject({ response: '0' })
      await receiver.allClosed()
      for (let count = 1; count <= 5; count += 1) {
        expect(await send(receiver.url)).toMatchObject({ response: String(count) })
        expect(receiver.connections()).toBe(count + 1)
      }
    })
  },
)

test('whatever bytes a receiver answers with, in whatever pieces: one request and one outcome, in time', async () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom(
        'HTTP/1.1 200 OK\r\n',
        'HTTP/1.1 103 X\r\n\r\n',
        'x-a: b\r\n',
        '\r\n',
        '0\r\n\r\n',
      )
      .map((text) => Buffer.from(text)),
    fc.constant(Buffer.from('transfer-encoding: chunked\r\n\r\n')),
  )
  let pieces: readonly Buffer[] = []
  const answer = async (socket: Socket) => {
    for (const one of pieces) await new Promise<unknown>((resolve) => socket.write(one, resolve))
    socket.end(`HTTP/1.1 404 No\r\n\r\n`)
  }
  await withReceiver(answer, async (receiver) => {
    let count = 0
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 8 }), async (given) => {
        pieces = given
        const outcome = await send(receiver.url, { timeoutMs: 20_000 })
        expect(['delivered', 'refused', 'unreachable']).toContain(outcome.kind)
        expect(receiver.connections()).toBe((count += 1))
        expect(receiver.requests()).toBe(count)
        await receiver.allClosed()
      }),
      { numRuns: runs(100) },
    )
  })
})

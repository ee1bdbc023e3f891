// Receivers whose answer is not quite HTTP.
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { okAnswer, withReceiver } from '../support/bad-servers.ts'
import { senderPerTest } from '../support/sending.ts'

const send = senderPerTest()

describe('a receiver whose answer is not quite HTTP counts as the status that it says, once', () => {
  const body = 'content-length: 2\r\n\r\nok'
  test.each([
    ['an unasked 100 Continue', `HTTP/1.1 100 Continue\r\n\r\n${okAnswer}`],
    ['lines that end in LF alone', 'HTTP/1.1 200 OK\ncontent-length: 2\n\nok'],
    ['a blank before the colon', `HTTP/1.1 200 OK\r\nServer : x\r\n${body}`],
    ['a control byte in a value', `HTTP/1.1 200 OK\r\nX-A: a\u0001b\r\n${body}`],
    ['no reason phrase', `HTTP/1.1 200\r\n${body}`],
    [
      '103 and then LF',
      'HTTP/1.1 103 Early Hints\nlink: x\n\nHTTP/1.1 200 OK\ncontent-length: 2\n\nok',
    ],
    [
      'trailers, encodings in capitals',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n',
    ],
    ['two lengths', `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${body}`],
    [
      'two lengths that differ',
      `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok`,
    ],
    ['a list of lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok'],
    ['blanks and a sign around a length', 'HTTP/1.1 200 OK\r\nContent-Length: +2 \t\r\n\r\nok'],
    [
      'a length beside chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 12\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    ],
    ['chunks called identity', `HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n${body}`],
    [
      'chunks whose lines end in LF',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nok\n0\n\n',
    ],
    [
      'blanks behind the size of a chunk, trailers that are none',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n02 \r\nok\r\n0\r\nX : 1\nnothing\r\n\r\n',
    ],
    ['lines that are no fields', `HTTP/1.1 200 OK\r\nnothing\r\n: x\r\nX-\xe9: y\r\n${body}`],
    ['the version of another protocol', `HTTP/2 200\r\n${body}`],
    ['a first line in small letters, two blanks in it', `http/1.1  200  ok\r\n${body}`],
    ['a blank line before an unasked 100', `\r\nHTTP/1.1 100 Continue\r\n\r\n${okAnswer}`],
    ['a header of 20 kB', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(20_000)}\r\n${body}`],
  ])('%s', async (_, answer) => {
    let requests = 0
    const whole = (socket: Socket) => {
      requests += 1
      socket.write(answer, 'latin1')
    }
    await withReceiver(whole, async ({ url }) => {
      for (let i = 0; i < 2; i++)
        expect(await send(url)).toMatchObject({
          kind: 'delivered',
          statusCode: 200,
          response: 'ok',
        })
    })
    expect(requests).toBe(2)
  })

  test('in single bytes, with pauses between an unasked 100 and the answer', async () => {
    const answer = async (socket: Socket) => {
      for (const byte of `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\ncontent-length: 2\n\nok`) {
        socket.write(byte)
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    }
    await withReceiver(answer, async ({ url }) => {
      // On a busy machine a pause of a millisecond is one of many.
      const outcome = await send(url, { timeoutMs: 20_000 })
      expect(outcome).toMatchObject({ kind: 'delivered', response: 'ok' })
    })
  })

  test.each([
    ['HTTP/1.0 200\r\n\r\nok', 'a body without length from HTTP/1.0, without a reason'],
    ['HTTP/1.0 200 OK\n\nok', 'the same with LF'],
    ['HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nok', 'a body without length'],
    [
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n',
      'chunks whose last line is missing',
    ],
    [`${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(60)}${okAnswer}`, '102 a second, for a minute'],
  ])('%j', async (answer) => {
    await withReceiver(
      (socket) => socket.end(answer),
      async ({ url }) => {
        expect(await send(url)).toMatchObject({
          kind: 'delivered',
          statusCode: 200,
          response: 'ok',
        })
      },
    )
  })

  test.each([
    ['HTTP/1.1 200 OK\r\ncontent-length: 0\r\n', 'delivered'],
    ['HTTP/1.1 204 No Content\r\nserver: x\r\n', 'delivered'],
    ['HTTP/1.1 500 No\r\ncontent-length: 0\r\n', 'refused'],
    // Of these it cannot be told what they would have been.
    ['HTTP/1.1 200 OK', 'unreachable'],
    ['HTTP/1.1 200 OK\r\n', 'unreachable'],
    ['HTTP/1.1 200 OK\r\ncontent-le', 'unreachable'],
    ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\n', 'unreachable'],
    ['HTTP/1.1 100 Continue\r\n', 'unreachable'],
  ])('%j, then closed without the blank line: %s', async (answer, kind) => {
    await withReceiver(
      (socket) => socket.end(answer),
      async ({ url }) => {
        expect(await send(url)).toMatchObject({ kind })
      },
    )
  })

  test.each([
    ['what is no HTTP at all', '220 mail.example.com ESMTP\r\n\r\n'],
    ['a status that is none', `HTTP/1.1 000 No\r\n${body}`],
    ['chunks that are none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{"ok":true}'],
  ])('%s is one failure that says so', async (_, answer) => {
    await withReceiver(
      (socket) => socket.write(answer),
      async ({ url }) => {
        expect(await send(url)).toMatchObject({
          kind: 'unreachable',
          reason: 'protocol',
          detail: expect.stringContaining('not proper HTTP/1.1'),
        })
      },
    )
  })
})

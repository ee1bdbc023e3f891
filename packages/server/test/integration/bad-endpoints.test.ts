import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Outcome } from '../../src/core/outcome.ts'
import type { Lookup } from '../../src/deliver/guard/lookup.ts'
import { createSender, type Sender, type SendRequest } from '../../src/deliver/send/send.ts'
import { drip, host, okAnswer, pour, receive, withReceiver } from '../support/bad-servers.ts'
import { createAuthority, createSelfSigned } from '../support/certs/certificate.ts'

/** How long after its deadline an exchange may take to say so, on a busy machine of two cores. */
// A loaded machine answers its timers late; what would hang for good is still told from what ends at its deadline.
const slackMs = 2_000

let sender: Sender
beforeEach(() => {
  sender = createSender({ allowSubnets: [`${host}/32`], httpsOnly: false, userAgent: 'pombo-test' })
})
afterEach(async () => {
  await sender.close()
})

const post = (url: string, more: Partial<SendRequest> = {}): SendRequest => ({
  url,
  headers: { 'content-type': 'application/json', 'webhook-id': 'msg_1' },
  body: '{"hello":"world"}',
  timeoutMs: 500,
  ...more,
})

/** Sends, and holds the answer to its deadline. */
async function send(url: string, more: Partial<SendRequest> = {}, by = sender): Promise<Outcome> {
  const request = post(url, more)
  const startedAtMs = performance.now()
  const outcome = await by.send(request)
  expect(performance.now() - startedAtMs).toBeLessThan(request.timeoutMs + slackMs)
  expect(outcome.durationMs).toBeLessThan(request.timeoutMs + slackMs)
  return outcome
}

describe('a good receiver', () => {
  test('gets the request as it was given, and its answer comes back', async () => {
    const seen: string[] = []
    const answer = (socket: Socket, head: string) => {
      seen.push(head)
      socket.write('HTTP/1.1 201 Made\r\nX-Two: a\r\nx-two: b\r\ncontent-length: 5\r\n\r\nbom\0!')
    }
    await withReceiver(answer, async ({ url }) => {
      expect(await send(`${url}?a=b%20c#d`)).toMatchObject({
        kind: 'delivered',
        statusCode: 201,
        response: 'bom\uFFFD!',
        responseTruncated: false,
        responseHeaders: { 'x-two': 'a, b', 'content-length': '5' },
      })
    })
    expect(seen[0]).toMatch(/^POST \/hook\?a=b%20c HTTP\/1\.1\r\n/)
    const names = seen[0]!
      .split('\r\n')
      .slice(1)
      .map((line) => line.split(':')[0])
    expect(names.join(' ')).toBe(
      'host connection content-type webhook-id user-agent content-length',
    )
  })

  test('keeps its connection for the next request', async () => {
    await withReceiver(
      (socket) => socket.write(okAnswer),
      async (receiver) => {
        for (let count = 0; count < 5; count += 1) {
          expect(await send(receiver.url)).toMatchObject({ kind: 'delivered', response: 'ok' })
        }
        expect(receiver.requests()).toBe(5)
        expect(receiver.connections()).toBe(1)
      },
    )
  })

  test('gets many requests at once, each on its own connection', async () => {
    const waiting: Socket[] = []
    const answer = (socket: Socket) => {
      waiting.push(socket)
      if (waiting.length === 30) for (const each of waiting) each.write(okAnswer)
    }
    await withReceiver(answer, async (receiver) => {
      const outcomes = await Promise.all(Array.from({ length: 30 }, () => send(receiver.url)))
      expect(outcomes.every((outcome) => outcome.kind === 'delivered')).toBe(true)
    })
  })

  test.each([
    [302, 'location: /elsewhere', null],
    [410, 'x: y', null],
    [429, 'retry-after: 120', 120_000],
    [503, 'Retry-After: 99999999', 86_400_000],
    [500, 'retry-after: soon', null],
  ])('is heard when it refuses with %i and %s', async (statusCode, header, retryAfterMs) => {
    const answer = (socket: Socket) =>
      socket.write(`HTTP/1.1 ${statusCode} No\r\n${header}\r\ncontent-length: 4\r\n\r\nnope`)
    await withReceiver(answer, async ({ url }) => {
      expect(await send(url)).toMatchObject({
        kind: 'refused',
        statusCode,
        retryAfterMs,
        response: 'nope',
      })
    })
  })
})

describe('a receiver that is slow', () => {
  test('hangs before the headers: timed out, and the connection is closed', async () => {
    await withReceiver(
      () => {},
      async (receiver) => {
        expect(await send(receiver.url)).toMatchObject({
          kind: 'timed-out',
          phase: 'headers',
          statusCode: null,
          response: '',
        })
        await receiver.allClosed()
      },
    )
  })

  test('hangs in the body: timed out although it said 200, with what had come', async () => {
    const answer = (socket: Socket) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf an ans')
    await withReceiver(answer, async (receiver) => {
      expect(await send(receiver.url)).toMatchObject({
        kind: 'timed-out',
        phase: 'body',
        statusCode: 200,
        response: 'half an ans',
      })
      await receiver.allClosed()
    })
  })

  test('sends one byte a second, from the first: the deadline does not move', async () => {
    await withReceiver(
      (socket) => drip(socket, okAnswer, 1_000),
      async (receiver) => {
        const outcome = await send(receiver.url, { timeoutMs: 1_500 })
        expect(outcome).toMatchObject({ kind: 'timed-out', phase: 'headers' })
        await receiver.allClosed()
      },
    )
  })

  test('sends its body in single bytes: the deadline does not move', async () => {
    const answer = (socket: Socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n')
      drip(socket, 'x'.repeat(1000), 20)
    }
    await withReceiver(answer, async (receiver) => {
      const outcome = await send(receiver.url)
      expect(outcome).toMatchObject({ kind: 'timed-out', phase: 'body' })
      expect(outcome).toHaveProperty('response', expect.stringMatching(/^x{5,60}$/))
      await receiver.allClosed()
    })
  })

  test('does not finish the TLS handshake: timed out while connecting, and the connection is closed', async () => {
    await withReceiver(
      () => {},
      async (receiver) => {
        const outcome = await send(receiver.url.replace('http:', 'https:'))
        expect(outcome).toMatchObject({ kind: 'timed-out', phase: 'connect' })
        await receiver.allClosed()
      },
    )
  })

  test('has a name server that never answers: timed out while connecting', async () => {
    const lookup: Lookup = () => new Promise(() => {})
    const patient = createSender({ allowSubnets: [], httpsOnly: false, userAgent: 'x', lookup })
    expect(await send('http://slow.example/', {}, patient)).toMatchObject({
      kind: 'timed-out',
      phase: 'connect',
    })
    await patient.close()
  })

  test('does not hold up another receiver, nor another path of its own', async () => {
    const answer = (socket: Socket, head: string) => {
      if (!head.startsWith('POST /stuck')) socket.write(okAnswer)
    }
    await withReceiver(answer, async (shared) => {
      await withReceiver(
        (socket) => socket.write(okAnswer),
        async (other) => {
          const stuck = new URL('/stuck', shared.url).href
          const hanging = Array.from({ length: 50 }, () => send(stuck, { timeoutMs: 1_500 }))
          for (const url of [shared.url, other.url, shared.url, other.url]) {
            expect(await send(url)).toMatchObject({ kind: 'delivered' })
          }
          for (const outcome of await Promise.all(hanging)) {
            expect(outcome).toMatchObject({ kind: 'timed-out' })
          }
          expect(other.connections()).toBe(1)
        },
      )
    })
  })
})

describe('a receiver that pours', () => {
  const chunk = Buffer.alloc(64 * 1024, 'a')
  /** For what ends by itself, however slowly a busy machine reads it. */
  const unhurried = { timeoutMs: 20_000 }
  /** What the buffers of both kernels may have taken before they heard that nobody reads. */
  const kernelBytes = 16 * 1024 * 1024

  test('has an endless body: delivered, cut, and the connection is closed', async () => {
    const answer = (socket: Socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      pour(socket, chunk)
    }
    await withReceiver(answer, async (receiver) => {
      const outcome = await send(receiver.url)
      expect(outcome).toMatchObject({ kind: 'delivered', responseTruncated: true })
      expect(outcome).toHaveProperty('response', 'a'.repeat(16 * 1024))
      await receiver.allClosed()
      expect(receiver.bytesWritten()).toBeLessThan(kernelBytes)
    })
  })

  test('has a body of 200 MB: cut, and the memory does not grow', async () => {
    const totalBytes = 200 * 1024 * 1024
    const answer = (socket: Socket) => {
      socket.write(`HTTP/1.1 500 No\r\ncontent-length: ${totalBytes}\r\n\r\n`)
      pour(socket, chunk, totalBytes)
    }
    await withReceiver(answer, async (receiver) => {
      const usedBytes = () => {
        const { heapUsed, external } = process.memoryUsage()
        return heapUsed + external
      }
      await send(receiver.url)
      const before = usedBytes()
      for (let count = 0; count < 20; count += 1) {
        const outcome = await send(receiver.url)
        expect(outcome).toMatchObject({ kind: 'refused', statusCode: 500, responseTruncated: true })
      }
      await receiver.allClosed()
      expect(usedBytes() - before).toBeLessThan(64 * 1024 * 1024)
      expect(receiver.bytesWritten()).toBeLessThan(21 * kernelBytes)
    })
  })

  test('sends a gzip bomb: it stays the bytes it is', async () => {
    const bomb = await promisify(gzip)(Buffer.alloc(64 * 1024 * 1024))
    const seen: string[] = []
    const answer = (socket: Socket, head: string) => {
      seen.push(head)
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`,
      )
      socket.write(bomb)
    }
    await withReceiver(answer, async (receiver) => {
      const outcome = await send(receiver.url)
      expect(outcome).toMatchObject({ kind: 'delivered', statusCode: 200 })
      expect(outcome).toHaveProperty('response.length', expect.any(Number))
      expect((outcome as { response: string }).response.length).toBeLessThanOrEqual(16 * 1024)
    })
    expect(seen[0]).not.toMatch(/accept-encoding/i)
  })

  test('floods with headers: a protocol failure', async () => {
    const answer = (socket: Socket) => {
      socket.write('HTTP/1.1 200 OK\r\n')
      pour(socket, Buffer.from(`x-flood: ${'f'.repeat(1000)}\r\n`))
    }
    await withReceiver(answer, async (receiver) => {
      expect(await send(receiver.url, unhurried)).toMatchObject({
        kind: 'unreachable',
        reason: 'protocol',
      })
      await receiver.allClosed()
      expect(receiver.bytesWritten()).toBeLessThan(kernelBytes)
    })
  })

  test('has one endless header: a protocol failure', async () => {
    const answer = (socket: Socket) => {
      socket.write('HTTP/1.1 200 OK\r\nx-flood: ')
      pour(socket, chunk)
    }
    await withReceiver(answer, async (receiver) => {
      expect(await send(receiver.url, unhurried)).toMatchObject({
        kind: 'unreachable',
        reason: 'protocol',
      })
      await receiver.allClosed()
    })
  })

  test('floods with trailers: a failure within the deadline', async () => {
    const answer = (socket: Socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n')
      pour(socket, Buffer.from(`x-flood: ${'f'.repeat(1000)}\r\n`))
    }
    await withReceiver(answer, async (receiver) => {
      expect(await send(receiver.url, unhurried)).toMatchObject({
        kind: 'unreachable',
        reason: 'protocol',
      })
      await receiver.allClosed()
    })
  })

  test.each([
    ['102', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['103', 'HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n'],
    ['100', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ])('floods with %s answers: a protocol failure', async (_status, interim) => {
    await withReceiver(
      (socket) => pour(socket, Buffer.from(interim)),
      async (receiver) => {
        expect(await send(receiver.url, unhurried)).toMatchObject({
          kind: 'unreachable',
          reason: 'protocol',
        })
        await receiver.allClosed()
      },
    )
  })

  test('sends a few 1xx answers before the real one: delivered', async () => {
    const answer = (socket: Socket) =>
      socket.write(`HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n${okAnswer}`)
    await withReceiver(answer, async ({ url }) => {
      expect(await send(url)).toMatchObject({ kind: 'delivered', response: 'ok' })
    })
  })
})

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
  ])('%s', async (_, answer) => {
    let requests = 0
    const whole = (socket: Socket) => {
      requests += 1
      socket.write(answer)
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

  test('what is no HTTP at all is one failure that says so', async () => {
    await withReceiver(
      (socket) => socket.end('220 mail.example.com ESMTP\r\n\r\n'),
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

describe('a receiver that breaks off', () => {
  test('resets in the middle of its body', async () => {
    const answer = (socket: Socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', () => {
        socket.resetAndDestroy()
      })
    }
    await withReceiver(answer, async ({ url }) => {
      const outcome = await send(url)
      expect(outcome).toMatchObject({ kind: 'unreachable', reason: 'reset' })
    })
  })

  test('resets instead of answering', async () => {
    await withReceiver(
      (socket) => socket.resetAndDestroy(),
      async ({ url }) => {
        expect(await send(url)).toMatchObject({ kind: 'unreachable', reason: 'reset' })
      },
    )
  })

  test('closes in the middle of its body', async () => {
    const answer = (socket: Socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf')
    await withReceiver(answer, async ({ url }) => {
      const outcome = await send(url)
      expect(outcome).toMatchObject({ kind: 'unreachable', reason: 'closed' })
      expect(outcome).toHaveProperty('detail', expect.stringContaining('of its 200 answer'))
    })
  })

  test('closes a kept-open connection under the next request: it fails once, and is not sent twice', async () => {
    const answer = (socket: Socket, _head: string, index: number) =>
      index === 0 ? socket.write(okAnswer) : socket.end()
    await withReceiver(answer, async (receiver) => {
      expect(await send(receiver.url)).toMatchObject({ kind: 'delivered' })
      const outcome = await send(receiver.url)
      expect(outcome).toMatchObject({ kind: 'unreachable', reason: 'closed' })
      expect(outcome).toHaveProperty('detail', expect.stringContaining('kept open'))
      expect(receiver.requests()).toBe(2)
      expect(receiver.connections()).toBe(1)
      for (let count = 2; count < 6; count += 1) {
        expect(await send(receiver.url)).toMatchObject({ kind: 'delivered' })
        expect(receiver.connections()).toBe(count)
      }
    })
  })

  test('closes one of several kept-open connections: the others are not tried', async () => {
    const waiting: Socket[] = []
    const answer = (socket: Socket, _head: string, index: number) => {
      if (index > 0) return socket.end()
      waiting.push(socket)
      return waiting.length < 3 || waiting.forEach((each) => each.write(okAnswer))
    }
    await withReceiver(answer, async (receiver) => {
      await Promise.all([send(receiver.url), send(receiver.url), send(receiver.url)])
      expect(await send(receiver.url)).toMatchObject({ kind: 'unreachable', reason: 'closed' })
      expect(await send(receiver.url)).toMatchObject({ kind: 'delivered' })
      await receiver.allClosed()
      expect(receiver.connections()).toBe(4)
    })
  })

  test('closes after each answer, silently: the next request goes over a new connection', async () => {
    const answer = (socket: Socket) => socket.end(okAnswer)
    await withReceiver(answer, async (receiver) => {
      for (let count = 1; count <= 3; count += 1) {
        expect(await send(receiver.url)).toMatchObject({ kind: 'delivered' })
        await receiver.allClosed()
        expect(receiver.connections()).toBe(count)
      }
    })
  })

  test('says connection: close: the next request goes over a new connection at once', async () => {
    const answer = (socket: Socket) =>
      socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok')
    await withReceiver(answer, async (receiver) => {
      for (let count = 1; count <= 3; count += 1) {
        expect(await send(receiver.url)).toMatchObject({ kind: 'delivered' })
      }
      expect(receiver.connections()).toBe(3)
    })
  })

  test.each([
    ['not HTTP at all', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['HTTP/0.9', '<html>hello</html>'],
    [
      'an upgrade nobody asked for',
      'HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: ws\r\n\r\n',
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok'],
  ])('answers with %s', async (_what, bytes) => {
    await withReceiver(
      (socket) => socket.write(bytes),
      async (receiver) => {
        expect(await send(receiver.url)).toMatchObject({ kind: 'unreachable', reason: 'protocol' })
        await receiver.allClosed()
      },
    )
  })
})

describe('a receiver that does not read', () => {
  const large = Buffer.alloc(32 * 1024 * 1024, 'b')

  /** Answers when the first bytes arrive, and reads no more. */
  async function deafServer() {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('data', () => {
        socket.pause()
        socket.write(okAnswer)
      })
    })
    server.listen(0, host)
    await once(server, 'listening')
    const close = () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
    const url = `http://${host}:${(server.address() as AddressInfo).port}/`
    return { url, connections: () => sockets.size, close }
  }

  test('answers before the body is read: delivered, and the connection is not used again', async () => {
    const server = await deafServer()
    for (let count = 1; count <= 2; count += 1) {
      expect(await send(server.url, { body: large })).toMatchObject({ kind: 'delivered' })
      expect(server.connections()).toBe(count)
    }
    server.close()
  })

  test('neither reads nor answers: timed out', async () => {
    const server = createServer((socket) => socket.pause().on('error', () => {}))
    server.listen(0, host)
    await once(server, 'listening')
    const url = `http://${host}:${(server.address() as AddressInfo).port}/`
    expect(await send(url, { body: large })).toMatchObject({ kind: 'timed-out', phase: 'headers' })
    server.close()
  })
})

describe('TLS', () => {
  const authority = createAuthority('Pombo test authority')
  const trusted = getCACertificates('default')
  beforeAll(() => setDefaultCACertificates([...trusted, authority.cert]))
  afterAll(() => setDefaultCACertificates(trusted))

  const lookup: Lookup = async () => [{ address: host, family: 4 }]
  let named: Sender
  beforeEach(() => {
    named = createSender({ allowSubnets: [host], httpsOnly: true, userAgent: 'x', lookup })
  })
  afterEach(() => named.close())

  const toName = (port: number) => `https://hooks.example:${port}/`
  const answer = (socket: Socket) => socket.write(okAnswer)

  test('a valid certificate of a trusted authority is accepted', async () => {
    const tls = authority.sign({ names: ['hooks.example'] })
    await withReceiver(
      answer,
      async (receiver) => {
        expect(await send(toName(receiver.port), {}, named)).toMatchObject({ kind: 'delivered' })
      },
      tls,
    )
  })

  test('the next connection resumes the session', async () => {
    const tls = authority.sign({ names: ['hooks.example'] })
    const resumed: boolean[] = []
    const closing = (socket: Socket) => {
      resumed.push((socket as TLSSocket).isSessionReused())
      socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok')
    }
    await withReceiver(
      closing,
      async (receiver) => {
        for (let count = 0; count < 2; count += 1) {
          expect(await send(toName(receiver.port), {}, named)).toMatchObject({ kind: 'delivered' })
          await receiver.allClosed()
        }
      },
      tls,
    )
    expect(resumed).toEqual([false, true])
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a certificate for another host is refused every time, resumed sessions included (%s)',
    async (version) => {
      const tls = {
        ...authority.sign({ names: ['other.example'] }),
        minVersion: version,
        maxVersion: version,
      }
      await withReceiver(
        answer,
        async (receiver) => {
          for (let count = 0; count < 3; count += 1) {
            const outcome = await send(toName(receiver.port), {}, named)
            expect(outcome).toMatchObject({ kind: 'unreachable', reason: 'tls' })
            expect(outcome).toHaveProperty('detail', expect.stringContaining('other.example'))
          }
          expect(receiver.requests()).toBe(0)
        },
        tls,
      )
    },
  )

  test('a self-signed certificate is refused', async () => {
    const tls = createSelfSigned({ names: ['hooks.example'] })
    await withReceiver(
      answer,
      async (receiver) => {
        const outcome = await send(toName(receiver.port), {}, named)
        expect(outcome).toMatchObject({ kind: 'unreachable', reason: 'tls' })
        expect(outcome).toHaveProperty('detail', expect.stringContaining('SELF_SIGNED'))
        expect(receiver.requests()).toBe(0)
        await receiver.allClosed()
      },
      tls,
    )
  })

  test('an expired certificate is refused', async () => {
    const tls = authority.sign({
      names: ['hooks.example'],
      from: new Date('2020-01-01'),
      until: new Date('2020-02-01'),
    })
    await withReceiver(
      answer,
      async (receiver) => {
        const outcome = await send(toName(receiver.port), {}, named)
        expect(outcome).toMatchObject({ kind: 'unreachable', reason: 'tls' })
        expect(outcome).toHaveProperty('detail', expect.stringContaining('CERT_HAS_EXPIRED'))
        expect(receiver.requests()).toBe(0)
      },
      tls,
    )
  })

  test('a receiver that speaks plain HTTP on the port is a TLS failure', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    })
    server.listen(0, host)
    await once(server, 'listening')
    const outcome = await send(toName((server.address() as AddressInfo).port), {}, named)
    expect(outcome).toMatchObject({ kind: 'unreachable', reason: 'tls' })
    server.close()
  })
})

describe('redirects', () => {
  test('are not followed, so a loop is one request', async () => {
    const answer = (socket: Socket) =>
      socket.write('HTTP/1.1 307 Again\r\nlocation: /hook\r\ncontent-length: 0\r\n\r\n')
    await withReceiver(answer, async (receiver) => {
      expect(await send(receiver.url)).toMatchObject({ kind: 'refused', statusCode: 307 })
      expect(receiver.requests()).toBe(1)
    })
  })
})

describe('no receiver', () => {
  test('a refused port is unreachable', async () => {
    const receiver = await receive(() => {})
    await receiver.close()
    expect(await send(receiver.url)).toMatchObject({
      kind: 'unreachable',
      reason: 'connect-refused',
    })
  })

  test('a name that does not resolve is unreachable', async () => {
    // `.invalid` never exists (RFC 6761); the system's resolver is asked. It may be slow to say so.
    const outcome = await send('http://no-such-host.invalid/', { timeoutMs: 10_000 })
    expect(outcome).toMatchObject({ kind: 'unreachable', reason: 'dns' })
  })
})

describe('the address guard', () => {
  const guarded = (allowSubnets: string[], lookup?: Lookup) =>
    createSender({ allowSubnets, httpsOnly: false, userAgent: 'x', lookup })

  test.each([
    'http://127.0.0.1:PORT/',
    'http://localhost:PORT/',
    'http://[::ffff:7f00:1]:PORT/',
    'http://2130706433:PORT/',
  ])('blocks %s: the receiver sees no connection', async (template) => {
    await withReceiver(
      (socket) => socket.write(okAnswer),
      async (receiver) => {
        const strict = guarded([])
        const outcome = await send(template.replace('PORT', String(receiver.port)), {}, strict)
        expect(outcome).toMatchObject({ kind: 'blocked' })
        expect(receiver.connections()).toBe(0)
        await strict.close()
      },
    )
  })

  test('blocks a name that resolves to a forbidden address', async () => {
    await withReceiver(
      (socket) => socket.write(okAnswer),
      async (receiver) => {
        const strict = guarded([], async () => [{ address: host, family: 4 }])
        const outcome = await send(`http://inside.example:${receiver.port}/`, {}, strict)
        expect(outcome).toMatchObject({ kind: 'blocked', reason: 'address' })
        expect(outcome).toHaveProperty('detail', expect.stringContaining('POMBO_ALLOW_SUBNETS'))
        expect(receiver.connections()).toBe(0)
        await strict.close()
      },
    )
  })

  test('blocks a name that answers differently the second time (rebinding)', async () => {
    const closing = (socket: Socket) =>
      socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok')
    await withReceiver(closing, async (receiver) => {
      const answers = [host, '127.0.0.2']
      const lookup: Lookup = async () => [{ address: answers.shift()!, family: 4 }]
      const rebound = guarded([host], lookup)
      const url = `http://rebind.example:${receiver.port}/`
      expect(await send(url, {}, rebound)).toMatchObject({ kind: 'delivered' })
      expect(await send(url, {}, rebound)).toMatchObject({ kind: 'blocked', reason: 'address' })
      expect(receiver.connections()).toBe(1)
      expect(answers).toEqual([])
      await rebound.close()
    })
  })

  test('connects to the permitted addresses of a name only', async () => {
    await withReceiver(
      (socket) => socket.write(okAnswer),
      async (receiver) => {
        const mixed = guarded([host], async () => [
          { address: '::1', family: 6 },
          { address: '127.0.0.3', family: 4 },
          { address: host, family: 4 },
        ])
        const outcome = await send(`http://mixed.example:${receiver.port}/`, {}, mixed)
        expect(outcome).toMatchObject({ kind: 'delivered' })
        await mixed.close()
      },
    )
  })

  test('blocks a request that cannot be written', async () => {
    await withReceiver(
      (socket) => socket.write(okAnswer),
      async (receiver) => {
        const outcome = await send(receiver.url, { headers: { 'x-bad': 'a\r\nhost: evil' } })
        expect(outcome).toMatchObject({ kind: 'blocked', reason: 'request' })
        expect(receiver.connections()).toBe(0)
      },
    )
  })
})

describe('the sender', () => {
  test('ends early when the caller says so', async () => {
    await withReceiver(
      () => {},
      async (receiver) => {
        const controller = new AbortController()
        const sending = send(receiver.url, { signal: controller.signal, timeoutMs: 5_000 })
        controller.abort()
        expect(await sending).toMatchObject({ kind: 'unreachable', reason: 'aborted' })
        const late = await send(receiver.url, { signal: controller.signal })
        expect(late).toMatchObject({ kind: 'unreachable', reason: 'aborted' })
      },
    )
  })

  test('keeps no more idle connections than it may', async () => {
    const frugal = createSender({
      allowSubnets: [host],
      httpsOnly: false,
      userAgent: 'x',
      maxIdleConnections: 2,
    })
    const answer = (socket: Socket) => socket.write(okAnswer)
    const receivers = await Promise.all(Array.from({ length: 4 }, () => receive(answer)))
    for (const { url } of receivers) await send(url, {}, frugal)
    await Promise.all([receivers[0]!.allClosed(), receivers[1]!.allClosed()])
    for (const { url } of receivers.slice(2)) await send(url, {}, frugal)
    expect(receivers.map((receiver) => receiver.connections())).toEqual([1, 1, 1, 1])
    await frugal.close()
    await Promise.all(receivers.map((receiver) => receiver.close()))
  })

  test('lets what is in flight end before it is closed, and takes nothing after', async () => {
    const waiting: Socket[] = []
    await withReceiver(
      (socket) => waiting.push(socket),
      async (receiver) => {
        const last = createSender({ allowSubnets: [host], httpsOnly: false, userAgent: 'x' })
        const sending = last.send(post(receiver.url, { timeoutMs: 5_000 }))
        await expect.poll(() => waiting.length).toBe(1)
        const closing = last.close()
        let isClosed = false
        void closing.then(() => (isClosed = true))
        await expect(last.send(post(receiver.url))).rejects.toThrow('closed')
        expect(isClosed).toBe(false)
        waiting[0]!.write(okAnswer)
        expect(await sending).toMatchObject({ kind: 'delivered' })
        await closing
        await receiver.allClosed()
      },
    )
  })
})

// Receivers that hang, pour, break off or do not read: each costs its own delivery, and never more than its deadline.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Lookup } from '../../src/deliver/guard/lookup.ts'
import { createSender } from '../../src/deliver/send/send.ts'
import { drip, host, okAnswer, pour, withReceiver } from '../support/bad-servers.ts'
import { senderPerTest } from '../support/sending.ts'

const send = senderPerTest()

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

  test('floods with blank lines: a protocol failure', async () => {
    await withReceiver(
      (socket) => pour(socket, Buffer.alloc(1000, '\r\n')),
      async (receiver) => {
        expect(await send(receiver.url, unhurried)).toMatchObject({
          kind: 'unreachable',
          reason: 'protocol',
        })
        await receiver.allClosed()
      },
    )
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

  test('refuses and closes before the body is read: refused, with what it said', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => {
        socket.pause()
        socket.end('HTTP/1.1 413 No\r\nconnection: close\r\ncontent-length: 9\r\n\r\ntoo large')
      })
    })
    server.listen(0, host)
    await once(server, 'listening')
    const url = `http://${host}:${(server.address() as AddressInfo).port}/`
    for (let count = 1; count <= 5; count += 1)
      expect(await send(url, { body: large, timeoutMs: 20_000 })).toMatchObject({
        kind: 'refused',
        statusCode: 413,
        response: 'too large',
      })
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

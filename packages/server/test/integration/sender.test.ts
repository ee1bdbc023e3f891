// What the sender does with receivers as they should be, with none, and with addresses that are not allowed.
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createGuard } from '../../src/deliver/guard/guard.ts'
import type { Lookup } from '../../src/deliver/guard/lookup.ts'
import { createSender } from '../../src/deliver/send/send.ts'
import { host, okAnswer, receive, withReceiver } from '../support/bad-servers.ts'
import { post, senderPerTest } from '../support/sending.ts'

const send = senderPerTest()

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

  test.each(['host', 'Host'])('is told the %s that is given, and no other', async (name) => {
    const seen: string[] = []
    const answer = (socket: Socket, head: string) => {
      seen.push(head)
      socket.write(okAnswer)
    }
    await withReceiver(answer, async ({ url }) => {
      expect(await send(url, { headers: { [name]: 'b.example' } })).toMatchObject({
        kind: 'delivered',
      })
    })
    expect(seen[0]!.match(/^host: .*$/gim)).toEqual(['host: b.example'])
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
  const loopback: Lookup = async () => [{ address: host, family: 4 }]
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
        const strict = guarded([], loopback)
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

  test('blocks a name whose network is no longer allowed, also on a connection that was in use then', async () => {
    const waiting: Socket[] = []
    await withReceiver(
      (socket) => waiting.push(socket),
      async (receiver) => {
        const rules = { allowSubnets: [host], httpsOnly: false, lookup: loopback }
        const changed = createSender({ guard: createGuard(rules), userAgent: 'x' })
        const url = `http://inside.example:${receiver.port}/`
        const first = send(url, { timeoutMs: 20_000 }, changed)
        await expect.poll(() => waiting.length).toBe(1)
        rules.allowSubnets = []
        const blocked = { kind: 'blocked', reason: 'address' }
        expect(await send(url, {}, changed)).toMatchObject(blocked)
        waiting[0]!.write(okAnswer)
        expect(await first).toMatchObject({ kind: 'delivered' })
        expect(await send(url, {}, changed)).toMatchObject(blocked)
        expect(receiver.requests()).toBe(1)
        await changed.close()
      },
    )
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

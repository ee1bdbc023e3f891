// Whom the sender trusts.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Lookup } from '../../src/deliver/guard/lookup.ts'
import { createSender, type Sender } from '../../src/deliver/send/send.ts'
import { host, okAnswer, withReceiver } from '../support/bad-servers.ts'
import { createAuthority, createSelfSigned } from '../support/certs/certificate.ts'
import { senderPerTest } from '../support/sending.ts'

const send = senderPerTest()

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

  test('a certificate of an endpoint that TLS does not take is a failure that says so', async () => {
    await withReceiver(
      answer,
      async (receiver) => {
        const tls = { cert: 'no certificate', key: 'no key' }
        expect(await send(toName(receiver.port), { tls }, named)).toMatchObject({
          kind: 'unreachable',
          detail: expect.stringContaining('PEM'),
        })
        expect(receiver.connections()).toBe(0)
      },
      authority.sign({ names: ['hooks.example'] }),
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

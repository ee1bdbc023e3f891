// How requests leave: through a proxy, by a fixed address, with authorities and a certificate of one's own.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer as createTcp, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { ClientCredentials } from '../../src/core/endpoint-access.ts'
import type { Outcome } from '../../src/core/outcome.ts'
import { withTokens } from '../../src/deliver/oauth/token-sender.ts'
import { type EgressSettings, openEgress } from '../../src/deliver/send/egress.ts'
import { createSender, type Sender } from '../../src/deliver/send/send.ts'
import { createAuthority } from '../support/certs/certificate.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'

const authority = createAuthority('Pombo egress test')
const lookup = async () => [{ address: '127.0.0.1', family: 4 }]
let folder: string
let receiver: Receiver
/** What proxies were asked for, and how who asked signed in. */
let asked: string[]
const open: { close(): unknown }[] = []
const senders: Sender[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pombo-egress-'))
  receiver = await startReceiver()
  await writeFile(join(folder, 'ca.pem'), authority.cert)
  const client = authority.sign({ names: ['pombo'] })
  await writeFile(join(folder, 'client.crt'), client.cert)
  await writeFile(join(folder, 'client.key'), client.key)
})
afterEach(async () => {
  await Promise.all(senders.splice(0).map((sender) => sender.close()))
  for (const server of open.splice(0)) server.close()
  receiver.received.length = 0
})
afterAll(async () => {
  await receiver?.close()
  await rm(folder, { recursive: true, force: true })
})

const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port
const portOfReceiver = () => new URL(receiver.url).port

function send(url: string, settings: Partial<EgressSettings>, more = {}): Promise<Outcome> {
  const egress = openEgress({ egressNoProxy: [], egressTlsMin: '1.2', ...settings })
  const options = { allowSubnets: ['127.0.0.0/8'], httpsOnly: false, userAgent: 'Pombo' }
  const sender = createSender({ ...options, lookup, egress, ...more })
  senders.push(sender)
  return sender.send({ url, headers: {}, body: '{"a":1}', timeoutMs: 5_000 })
}

async function startConnectProxy(answer = 'HTTP/1.1 200 Connection established'): Promise<Server> {
  asked = []
  const proxy = createServer()
  proxy.on('connect', (request, client: Socket) => {
    asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim())
    if (!answer.includes(' 200 ')) return client.end(`${answer}\r\n\r\n`)
    const [host, port] = request.url!.split(':')
    const far = connect(Number(port), host, () => {
      client.write(`${answer}\r\nVia: test\r\n\r\n`)
      far.pipe(client).pipe(far)
    })
    far.on('error', () => client.destroy())
    client.on('error', () => far.destroy())
    return undefined
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  open.push(proxy)
  return proxy
}

/** RFC 1928, as far as the sender speaks it; `login`: RFC 1929. */
async function startSocks(login = ''): Promise<ReturnType<typeof createTcp>> {
  asked = []
  const proxy = createTcp((client) => {
    const take = async (count: number): Promise<Buffer> => {
      for (;;) {
        const bytes = client.read(count) as Buffer | null
        if (bytes !== null) return bytes
        await once(client, 'readable')
      }
    }
    const serve = async (): Promise<void> => {
      const [, count] = await take(2)
      const methods = await take(count!)
      const wanted = login === '' ? 0 : 2
      client.write(Buffer.from([5, methods.includes(wanted) ? wanted : 255]))
      if (login !== '') {
        const user = (await take((await take(2))[1]!)).toString()
        const password = (await take((await take(1))[0]!)).toString()
        const isRight = `${user}:${password}` === login
        client.write(Buffer.from([1, isRight ? 0 : 1]))
        if (!isRight) return void client.end()
      }
      const [, , , kind] = await take(4)
      const host = [...(await take(kind === 4 ? 16 : 4))].join('.')
      const port = (await take(2)).readUInt16BE()
      asked.push(`${host}:${port}`)
      const far = connect(port, host, () => {
        client.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]))
        far.pipe(client).pipe(far)
      })
      far.on('error', () => client.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])))
      client.on('error', () => far.destroy())
    }
    serve().catch(() => client.destroy())
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  open.push(proxy)
  return proxy
}

async function startHttps(options: object = {}): Promise<{ url: string; peers: string[] }> {
  const peers: string[] = []
  const leaf = authority.sign({ names: ['hooks.example.com'] })
  const server = createHttps({ ...leaf, ...options }, (request, response) => {
    const socket = request.socket as TLSSocket
    const { subject } = socket.getPeerCertificate()
    peers.push(
      `${socket.getProtocol()} ${(subject as { CN?: string } | undefined)?.CN ?? ''}`.trim(),
    )
    request.resume().on('end', () => response.end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(server)
  return { url: `https://hooks.example.com:${portOf(server)}/`, peers }
}

test('a proxy by CONNECT is told the address that was checked, and who asks', async () => {
  const proxy = await startConnectProxy()
  const egressProxy = `http://me:p%40ss@127.0.0.1:${portOf(proxy)}`
  const url = `http://hooks.example.com:${portOfReceiver()}/in`
  expect(await send(url, { egressProxy })).toMatchObject({ kind: 'delivered' })
  const credentials = Buffer.from('me:p@ss').toString('base64')
  expect(asked).toEqual([`127.0.0.1:${portOfReceiver()} Basic ${credentials}`])
  expect(receiver.received[0]).toMatchObject({
    body: '{"a":1}',
    headers: { host: `hooks.example.com:${portOfReceiver()}` },
  })
})

test('the token of an endpoint is fetched through it too, and the guard is asked before', async () => {
  const proxy = await startConnectProxy()
  const issuer = await startReceiver(() => ({
    body: '{"access_token":"t-1","token_type":"bearer"}',
  }))
  open.push(issuer)
  const egress = openEgress({
    egressNoProxy: [],
    egressTlsMin: '1.2',
    egressProxy: `http://127.0.0.1:${portOf(proxy)}`,
  })
  const guarded = { allowSubnets: ['127.0.0.0/8'], httpsOnly: false, userAgent: 'Pombo' }
  const sender = createSender({ ...guarded, lookup, egress })
  senders.push(sender)
  const sendWithToken = withTokens(sender, { now: Date.now, monotonic: () => performance.now() })
  const { port } = new URL(issuer.url)
  const from = {
    tokenUrl: `http://login.example.com:${port}/token`,
    clientId: 'me',
    clientSecret: 'secret',
    clientAuth: 'basic' as const,
    scopes: [],
    extraParams: {},
  }
  const ask = async (tokenUrl: string) =>
    await sendWithToken({
      url: `http://hooks.example.com:${portOfReceiver()}/in`,
      headers: {},
      body: '{}',
      timeoutMs: 5_000,
      token: { endpointId: 'e', from: { ...from, tokenUrl } as ClientCredentials },
    })
  expect(await ask(from.tokenUrl)).toMatchObject({ kind: 'delivered' })
  expect(asked).toEqual([`127.0.0.1:${port}`, `127.0.0.1:${portOfReceiver()}`])
  expect(issuer.received[0]!.headers).toMatchObject({ host: `login.example.com:${port}` })
  expect(receiver.received[0]!.headers).toMatchObject({ authorization: 'Bearer t-1' })
  const forbidden = await ask('http://169.254.169.254/token')
  expect(forbidden).toMatchObject({ kind: 'failed', reason: 'token' })
  expect(asked).toHaveLength(2)
})

test('https goes through it encrypted from end to end, and the name is compared with the certificate', async () => {
  const proxy = await startConnectProxy()
  const egressProxy = `http://127.0.0.1:${portOf(proxy)}`
  const egressCa = join(folder, 'ca.pem')
  const { url } = await startHttps()
  expect(await send(url, { egressProxy, egressCa })).toMatchObject({ kind: 'delivered' })
  expect(await send(url.replace('hooks.', 'other.'), { egressProxy, egressCa })).toMatchObject({
    kind: 'unreachable',
    reason: 'tls',
  })
  expect(asked).toHaveLength(2)
})

test('an https URL of an address goes through it too, and the certificate is to be that address’s', async () => {
  const proxy = await startConnectProxy()
  const egressCa = join(folder, 'ca.pem')
  const own = await startHttps(authority.sign({ names: ['127.0.0.1'] }))
  const others = await startHttps(authority.sign({ names: ['localhost'] }))
  const toAddress = (url: string) => url.replace('hooks.example.com', '127.0.0.1')
  for (const name of ['127.0.0.1', 'localhost']) {
    const egressProxy = `http://${name}:${portOf(proxy)}`
    expect(await send(toAddress(own.url), { egressProxy, egressCa })).toMatchObject({
      kind: 'delivered',
    })
    expect(await send(toAddress(others.url), { egressProxy, egressCa })).toMatchObject({
      kind: 'unreachable',
      reason: 'tls',
    })
  }
  expect(asked).toHaveLength(4)
})

test('a proxy by SOCKS5 is told the same, with a user and without', async () => {
  const url = `http://hooks.example.com:${portOfReceiver()}/in`
  for (const login of ['', 'me:secret']) {
    const proxy = await startSocks(login)
    const egressProxy = `socks5://${login === '' ? '' : `${login}@`}127.0.0.1:${portOf(proxy)}`
    expect(await send(url, { egressProxy })).toMatchObject({ kind: 'delivered' })
    expect(asked).toEqual([`127.0.0.1:${portOfReceiver()}`])
  }
  const proxy = await startSocks('me:secret')
  expect(
    await send(url, { egressProxy: `socks5://me:wrong@127.0.0.1:${portOf(proxy)}` }),
  ).toMatchObject({
    kind: 'unreachable',
    detail: expect.stringContaining('refused the user') as string,
  })
})

test('a forbidden address is refused before the proxy hears of it', async () => {
  const proxy = await startConnectProxy()
  const egressProxy = `http://127.0.0.1:${portOf(proxy)}`
  const url = `http://hooks.example.com:${portOfReceiver()}/`
  const outcome = await send(url, { egressProxy }, { allowSubnets: [] })
  expect(outcome).toMatchObject({ kind: 'blocked' })
  expect(asked).toEqual([])
})

test('what goes around the proxy does so', async () => {
  const proxy = await startConnectProxy()
  const egressProxy = `http://127.0.0.1:${portOf(proxy)}`
  const url = `http://a.hooks.example.com:${portOfReceiver()}/`
  for (const around of ['example.com', '.hooks.example.com', '127.0.0.0/8', '127.0.0.1'])
    expect(await send(url, { egressProxy, egressNoProxy: [around] })).toMatchObject({
      kind: 'delivered',
    })
  expect(asked).toEqual([])
  for (const other of ['ooks.example.com', '10.0.0.0/8', '::1'])
    expect(await send(url, { egressProxy, egressNoProxy: [other] })).toMatchObject({
      kind: 'delivered',
    })
  expect(asked).toHaveLength(3)
})

test('a proxy that refuses, is not there, or says nothing is named, within the deadline', async () => {
  const url = `http://hooks.example.com:${portOfReceiver()}/`
  const refusing = await startConnectProxy('HTTP/1.1 407 Proxy Authentication Required')
  const port = portOf(refusing)
  expect(await send(url, { egressProxy: `http://127.0.0.1:${port}` })).toMatchObject({
    kind: 'unreachable',
    reason: 'network',
    detail: `the proxy 127.0.0.1:${port} did not connect: it answered 407`,
  })
  const gone = createTcp().listen(0, '127.0.0.1')
  await once(gone, 'listening')
  const free = portOf(gone)
  gone.close()
  expect(await send(url, { egressProxy: `socks5://127.0.0.1:${free}` })).toMatchObject({
    kind: 'unreachable',
    detail: expect.stringMatching(
      /^the proxy 127\.0\.0\.1:\d+ did not connect: .*ECONNREFUSED/,
    ) as string,
  })
  const closing = createTcp((client) => client.end()).listen(0, '127.0.0.1')
  await once(closing, 'listening')
  open.push(closing)
  expect(await send(url, { egressProxy: `http://127.0.0.1:${portOf(closing)}` })).toMatchObject({
    kind: 'unreachable',
    detail: expect.stringContaining('it closed the connection') as string,
  })
  const silent = createTcp(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  open.push(silent)
  const egress = openEgress({
    egressNoProxy: [],
    egressTlsMin: '1.2',
    egressProxy: `http://127.0.0.1:${portOf(silent)}`,
  })
  const options = { allowSubnets: ['127.0.0.0/8'], httpsOnly: false, userAgent: 'Pombo' }
  const sender = createSender({ ...options, lookup, egress })
  senders.push(sender)
  expect(await sender.send({ url, headers: {}, body: '', timeoutMs: 300 })).toMatchObject({
    kind: 'timed-out',
  })
})

test('an authority of one’s own is trusted where it is named, and only there', async () => {
  const { url } = await startHttps()
  expect(await send(url, {})).toMatchObject({ kind: 'unreachable', reason: 'tls' })
  expect(await send(url, { egressCa: join(folder, 'ca.pem') })).toMatchObject({ kind: 'delivered' })
})

test('an endpoint that asks for a certificate gets the one that is configured', async () => {
  const { url, peers } = await startHttps({
    requestCert: true,
    rejectUnauthorized: true,
    ca: authority.cert,
  })
  const egressCa = join(folder, 'ca.pem')
  expect(await send(url, { egressCa })).toMatchObject({ kind: 'unreachable' })
  const own = { egressCert: join(folder, 'client.crt'), egressKey: join(folder, 'client.key') }
  expect(await send(url, { egressCa, ...own })).toMatchObject({ kind: 'delivered' })
  expect(peers).toEqual([expect.stringMatching(/^TLSv1\.3/)])
})

test('an endpoint with an older TLS than asked for is not spoken to', async () => {
  const { url } = await startHttps({ maxVersion: 'TLSv1.2' })
  const egressCa = join(folder, 'ca.pem')
  expect(await send(url, { egressCa })).toMatchObject({ kind: 'delivered' })
  expect(await send(url, { egressCa, egressTlsMin: '1.3' })).toMatchObject({
    kind: 'unreachable',
    reason: 'tls',
  })
})

test('requests leave by the address that is configured', async () => {
  const seen: (string | undefined)[] = []
  const server = createServer((request, response) => {
    seen.push(request.socket.remoteAddress)
    request.resume().on('end', () => response.end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(server)
  const url = `http://hooks.example.com:${portOf(server)}/`
  expect(await send(url, { egressAddress: '127.0.0.9' })).toMatchObject({ kind: 'delivered' })
  expect(seen).toEqual(['127.0.0.9'])
})

test('a file that cannot be used stops the start, with its variable', () => {
  const settings = { egressNoProxy: [], egressTlsMin: '1.2' } as const
  expect(() => openEgress({ ...settings, egressCa: join(folder, 'none') })).toThrow(
    /POMBO_EGRESS_CA names .*none, which cannot be read/,
  )
  expect(() => openEgress({ ...settings, egressCa: join(folder, 'client.key') })).toThrow(
    /POMBO_EGRESS_CA names .*client\.key, which holds none in PEM/,
  )
})

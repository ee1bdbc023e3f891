// How requests reach Pombo: HTTPS and its renewal, proxies, pages of other origins, the ids of requests; and the
// defaults of endpoints that say nothing of their own.
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readTls, renewTls } from '../../src/api/door/tls.ts'
import { createAuthority } from '../support/certs/certificate.ts'
import { type TestPombo, startPombo } from '../support/pombo-app.ts'
import { startReceiver, until } from '../support/receiver.ts'

const authority = createAuthority('Pombo test')
const leaf = () => authority.sign({ names: ['localhost'] })
let folder: string
const files = () => ({ cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') })

async function write({ cert, key }: { cert: string; key: string }): Promise<void> {
  await writeFile(files().cert, cert)
  await writeFile(files().key, key)
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pombo-door-'))
  await write(leaf())
})
afterAll(async () => rm(folder, { recursive: true, force: true }))

describe('with a certificate', () => {
  let pombo: TestPombo

  beforeAll(async () => {
    pombo = await startPombo({ POMBO_TLS_CERT: files().cert, POMBO_TLS_KEY: files().key })
  })
  afterAll(async () => pombo?.stop())

  test('it serves HTTPS, and nothing without encryption', async () => {
    expect(pombo.url).toMatch(/^https:/)
    const asked = request(`${pombo.url}/readyz`, { ca: authority.cert, servername: 'localhost' })
    asked.end()
    const [answer] = await once(asked, 'response')
    expect(answer.statusCode).toBe(200)
    answer.resume()
    await expect(fetch(pombo.url.replace('https:', 'http:'))).rejects.toThrow()
  })

  test('versions of TLS before 1.2 are refused', async () => {
    const { port } = new URL(pombo.url)
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', rejectUnauthorized: false } as const
    const socket = connect({ host: '127.0.0.1', port: Number(port), ...old })
    await expect(once(socket, 'secureConnect')).rejects.toThrow()
  })
})

test('a renewed certificate is taken up without a stop; half a renewal leaves the old one', async () => {
  const server = createServer(readTls(files())).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const said: string[] = []
  const log = {
    info: (line: string) => void said.push(line),
    problem: () => void said.push('problem'),
  }
  const renewal = renewTls(server, files(), log, 20)
  const shown = async (): Promise<string> => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.cert })
    await once(socket, 'secureConnect')
    const { fingerprint256 } = socket.getPeerCertificate()
    socket.destroy()
    return fingerprint256
  }
  try {
    const before = await shown()
    const next = leaf()
    await writeFile(files().cert, next.cert)
    await until(() => said.includes('problem'))
    expect(await shown()).toBe(before)
    await writeFile(files().key, next.key)
    await until(() => said.some((line) => line.includes('was renewed')))
    expect(await shown()).not.toBe(before)
  } finally {
    renewal.stop()
    server.close()
  }
})

test('a certificate that cannot be used stops the start, with the file and the variable', async () => {
  const missing = { cert: join(folder, 'none.crt'), key: files().key }
  expect(() => readTls(missing)).toThrow(/POMBO_TLS_CERT names .*none\.crt, which cannot be read/)
  await writeFile(join(folder, 'other.key'), leaf().key)
  expect(() => readTls({ ...files(), key: join(folder, 'other.key') })).toThrow(
    /HTTPS cannot be served with .*POMBO_TLS_CERT.*POMBO_TLS_KEY/,
  )
  await writeFile(join(folder, 'empty.crt'), '')
  expect(() => readTls({ ...files(), cert: join(folder, 'empty.crt') })).toThrow(
    /there is no certificate in it/,
  )
})

describe('without one', () => {
  let pombo: TestPombo
  const page = 'https://app.example.com'

  beforeAll(async () => {
    pombo = await startPombo({
      POMBO_CORS_ORIGINS: `${page},http://localhost:3000`,
      POMBO_TRUSTED_PROXIES: '127.0.0.1/32',
      POMBO_RETRY_SCHEDULE: '100ms,200ms',
      POMBO_TIMEOUT_MS: '1s',
    })
  })
  afterAll(async () => pombo?.stop())

  test('every answer has the id of its request: the one that came along, or one of its own', async () => {
    const given = async (id?: string) =>
      (
        await pombo.call(
          'GET',
          '/livez',
          id === undefined ? {} : { headers: { 'x-request-id': id } },
        )
      ).headers.get('x-request-id')
    expect(await given('order-4711/a')).toBe('order-4711/a')
    expect(await given()).toMatch(/^\d+-\d+$/)
    expect(await given('no blanks')).toMatch(/^\d+-\d+$/)
    expect(await given('x'.repeat(129))).toMatch(/^\d+-\d+$/)
    const missing = await pombo.call('GET', '/nowhere')
    expect([missing.status, missing.headers.get('x-request-id')]).toEqual([
      404,
      expect.stringMatching(/^\d+-\d+$/),
    ])
  })

  test('a page of an origin that is listed may call with a token; of any other none may', async () => {
    const preflight = (origin: string) =>
      pombo.call('OPTIONS', '/api/v1/app', {
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type',
        },
      })
    const allowed = await preflight(page)
    expect([allowed.status, Object.fromEntries(allowed.headers)]).toMatchObject([
      204,
      {
        'access-control-allow-origin': page,
        'access-control-allow-headers': 'authorization,content-type',
        'access-control-allow-methods': expect.stringContaining('POST') as string,
        vary: 'Origin',
      },
    ])
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull()
    const called = await pombo.call('GET', '/api/v1/app', {
      headers: { origin: page, authorization: `Bearer ${pombo.key}` },
    })
    expect([called.status, called.headers.get('access-control-allow-origin')]).toEqual([200, page])
    for (const origin of ['https://evil.example.com', `${page}.evil.com`, 'null']) {
      const refused = await preflight(origin)
      expect(refused.status, origin).not.toBe(204)
      expect(refused.headers.get('access-control-allow-origin'), origin).toBeNull()
    }
  })

  test('behind a trusted proxy failed sign-ins count for the address that it names', async () => {
    const signIn = async (address: string) =>
      (
        await pombo.call('POST', '/api/v1/auth/session', {
          body: { token: 'wrong' },
          headers: { 'x-forwarded-for': address },
        })
      ).status
    for (let tries = 0; (await signIn('203.0.113.7')) === 401; tries++)
      expect(tries).toBeLessThan(100)
    expect(await signIn('203.0.113.7')).toBe(429)
    expect(await signIn('203.0.113.8')).toBe(401)
    // What the sender itself wrote in front of the proxy's entry is not believed.
    expect(await signIn('203.0.113.9, 203.0.113.7')).toBe(429)
  })

  test('an endpoint that says nothing has the schedule and the deadline of the server', async () => {
    const receiver = await startReceiver((_request, index) =>
      index === 0 ? { hang: true } : { status: 500 },
    )
    try {
      const headers = { authorization: `Bearer ${pombo.key}` }
      const post = (path: string, body: object) =>
        pombo.call('POST', `/api/v1${path}`, { body, headers })
      await post('/app', { name: 'a', uid: 'a' })
      await post('/app/a/endpoint', { url: receiver.url, uid: 'e' })
      await post('/app/a/msg', { eventType: 'a', payload: {} })
      const attempts = await until(async () => {
        const { body } = await pombo.call('GET', '/api/v1/app/a/attempt/endpoint/e', { headers })
        return body.data.length === 3 ? body.data : undefined
      }, 15_000)
      expect(receiver.received.length).toBe(3)
      const durations = attempts.map(
        (one: { responseDurationMs: number }) => one.responseDurationMs,
      )
      // A timer may fire within the millisecond before its time.
      expect(Math.max(...durations)).toBeGreaterThanOrEqual(999)
      expect(Math.max(...durations)).toBeLessThan(10_000)
    } finally {
      await receiver.close()
    }
  })
})

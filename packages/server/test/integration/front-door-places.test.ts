// Where Pombo is reached: on a Unix socket, and below a path.
import { once } from 'node:events'
import { link, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Svix } from 'svix'
import { addressProblem } from '../../src/cli/address.ts'
import { type TestPombo, startPombo } from '../support/pombo-app.ts'
import { startReceiver } from '../support/receiver.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pombo-places-'))
})
afterAll(async () => rm(folder, { recursive: true, force: true }))

async function ask(
  socketPath: string,
  path: string,
  { body, ...headers }: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const asked = request({
    socketPath,
    path,
    method: body === undefined ? 'GET' : 'POST',
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
  })
  asked.end(body)
  const [answer] = await once(asked, 'response')
  return { status: answer.statusCode, text: await text(answer) }
}

describe('a Unix socket', () => {
  let pombo: TestPombo
  let socket: string
  beforeAll(async () => {
    socket = join(folder, 'pombo.sock')
    pombo = await startPombo({
      POMBO_LISTEN: `unix:${socket}`,
      POMBO_SERVER_URL: 'https://hooks.example.com',
      POMBO_SOCKET_MODE: '600',
    })
  })
  afterAll(async () => pombo?.stop())

  test('is listened on, with the rights asked for, and named', async () => {
    expect(pombo.url).toBe(`unix:${socket}`)
    expect((await stat(socket)).mode & 0o777).toBe(0o600)
    expect(await ask(socket, '/readyz')).toMatchObject({ status: 200 })
    const asked = { authorization: `Bearer ${pombo.key}`, body: '{"name":"a","uid":"a"}' }
    expect(await ask(socket, '/api/v1/app', asked)).toMatchObject({ status: 201 })
    const portal = await ask(socket, '/api/v1/auth/app-portal-access/a', { ...asked, body: '{}' })
    expect(portal.text).toContain('https://hooks.example.com/portal?')
  })

  test('lets in a thousand that connect at one moment', async () => {
    const clients = Array.from({ length: 1_000 }, () => connect(socket))
    await Promise.all(clients.map(async (client) => await once(client, 'connect')))
    for (const client of clients) client.destroy()
  })

  test('the proxy before it says who asks', async () => {
    const signIn = async (address: string) =>
      (
        await ask(socket, '/api/v1/auth/session', {
          body: '{"token":"wrong"}',
          'x-forwarded-for': address,
        })
      ).status
    for (let tries = 0; (await signIn('203.0.113.7')) === 401; tries++)
      expect(tries).toBeLessThan(100)
    expect(await signIn('203.0.113.7')).toBe(429)
    expect(await signIn('203.0.113.8')).toBe(401)
    expect(await signIn('203.0.113.9, 203.0.113.7')).toBe(429)
  })

  test('one that is in use, or is none, is not taken; one left behind is', async () => {
    const problem = async (path: string) => await addressProblem({ socket: path }, 'POMBO_LISTEN')
    expect(await problem(socket)).toMatch(/^Another program \(perhaps another Pombo\) listens on/)
    const file = join(folder, 'file')
    await writeFile(file, '')
    expect(await problem(file)).toMatch(/file is there already and is no socket\. Choose another/)
    const left = join(folder, 'left.sock')
    const server = createServer().listen(left)
    await once(server, 'listening')
    // As a kill leaves it: nobody listens, and the name stays.
    await link(left, join(folder, 'kept'))
    server.close()
    await once(server, 'close')
    expect(await problem(join(folder, 'kept'))).toBeUndefined()
    await expect(stat(join(folder, 'kept'))).rejects.toThrow(/ENOENT/)
    const gone = join(folder, 'no', 'such.sock')
    const elsewhere = { POMBO_LISTEN: `unix:${gone}`, POMBO_SERVER_URL: 'http://a' }
    await expect(startPombo(elsewhere)).rejects.toThrow(/listen (ENOENT|EACCES)/)
  })
})

describe('below a path', () => {
  let pombo: TestPombo
  let base: string
  beforeAll(async () => {
    pombo = await startPombo({ POMBO_BASE_PATH: '/tools/pombo' })
    base = `${pombo.url}/tools/pombo`
  })
  afterAll(async () => pombo?.stop())

  test('the official client, the document and links know of it; a proxy may take it away', async () => {
    const svix = new Svix(pombo.key, { serverUrl: base, numRetries: 0 })
    await svix.application.create({ name: 'a', uid: 'a' })
    expect((await svix.application.get('a')).name).toBe('a')
    const document = await pombo.call('GET', '/tools/pombo/api/v1/openapi.json')
    expect(document.body.servers).toEqual([{ url: '/tools/pombo/' }])
    const { url } = await svix.authentication.appPortalAccess('a', {})
    expect(url).toMatch(`${base}/portal?tenant=`)
    const statuses = await Promise.all(
      ['/tools/pombo/livez', '/livez', '/tools/pombox/livez', '/tools/livez'].map(
        async (path) => (await pombo.call('GET', path)).status,
      ),
    )
    expect(statuses).toEqual([200, 200, 404, 404])
  })

  test('its cookies go nowhere else', async () => {
    const { status, headers } = await pombo.call('POST', '/tools/pombo/api/v1/auth/session', {
      body: { token: pombo.key },
    })
    expect(status).toBe(201)
    const cookies = headers.getSetCookie()
    expect(cookies.length).toBeGreaterThan(1)
    for (const cookie of cookies) expect(cookie).toContain('; Path=/tools/pombo;')
  })

  test('sources and what receivers are told lead below it', async () => {
    const headers = { authorization: `Bearer ${pombo.key}` }
    const call = async (path: string, body: object) =>
      await pombo.call('POST', `/tools/pombo/api/v1${path}`, { headers, body })
    await call('/app', { name: 'b', uid: 'b' })
    const source = await call('/app/b/source', { gateway: 'waha', name: 'w' })
    expect(source.body.url).toMatch(`${base}/ingest/waha/`)
    const receiver = await startReceiver()
    try {
      const oversize = { maxBytes: 1_024, action: 'link' }
      await call('/app/b/endpoint', { url: receiver.url, oversize })
      await call('/app/b/msg', { eventType: 'x', payload: { big: 'a'.repeat(5_000) } })
      const [got] = await receiver.waitFor(1)
      const link = (JSON.parse(got!.body) as { big: { url: string } }).big.url
      expect(link.startsWith(`${base}/`)).toBe(true)
      expect((await fetch(link)).status).toBe(200)
    } finally {
      await receiver.close()
    }
  })
})

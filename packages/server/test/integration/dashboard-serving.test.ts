// The dashboard's files and pages: what is served at which address, packed, cached, and behind which headers.
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApi, type TestApi } from '../support/api-server.ts'

const script = 'console.log("a page")'
const html = '<!doctype html><title>Pombo</title><script src="/assets/main-1a2b.js"></script>'
let api: TestApi
let root: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pombo-dashboard-'))
  const folder = join(root, 'dist')
  await mkdir(join(folder, 'assets'), { recursive: true })
  await writeFile(join(folder, 'index.html'), html)
  await writeFile(join(folder, 'portal.js'), 'portal')
  await writeFile(join(folder, 'assets/main-1a2b.js'), script)
  await writeFile(join(folder, 'assets/main-1a2b.js.br'), brotliCompressSync(script))
  await writeFile(join(folder, 'assets/main-1a2b.js.gz'), gzipSync(script))
  await writeFile(join(root, 'secret.txt'), 'not of the build')
  api = await startApi({ dashboardFolder: folder })
})
afterAll(async () => {
  await api?.stop()
  await rm(root, { recursive: true, force: true })
})

const page = { accept: 'text/html,application/xhtml+xml' }
const get = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await request(api.url + path, { headers })
  return { ...answer, bytes: Buffer.from(await answer.body.arrayBuffer()) }
}

test('every address of a page answers with the page, behind a policy without anything inline', async () => {
  for (const path of ['/', '/messages/msg_1?q=a', '/endpoints', '/event-types/message.received']) {
    const { statusCode, headers, bytes } = await get(path, page)
    expect(statusCode).toBe(200)
    expect(bytes.toString()).toBe(html)
    expect(headers['cache-control']).toBe('no-cache')
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['referrer-policy']).toBe('no-referrer')
    expect(headers['x-frame-options']).toBe('DENY')
  }
})

test('a mistaken path of anything else is never a page', async () => {
  for (const path of [
    '/api/v1/nothing',
    '/api',
    '/ingest/x',
    '/metrics/x',
    '/media/x/y',
    '/livez/x',
  ])
    expect((await get(path, page)).statusCode, path).toBe(404)
  // Programs, which ask for no page, get the error that says what there is.
  const { statusCode, headers } = await get('/endpoints')
  expect([statusCode, headers['content-type']]).toEqual([404, 'application/json; charset=utf-8'])
  for (const gone of ['/assets/gone-1.js', '/gone.png'])
    expect((await get(gone, page)).statusCode, gone).toBe(404)
  const posted = await request(`${api.url}/endpoints`, { method: 'POST', headers: page })
  expect(posted.statusCode).toBe(404)
})

test('hashed files are kept for ever and sent packed as the client takes it', async () => {
  const path = '/assets/main-1a2b.js'
  const br = await get(path, { 'accept-encoding': 'gzip, deflate, br' })
  expect(br.headers['content-encoding']).toBe('br')
  expect(br.bytes.equals(brotliCompressSync(script))).toBe(true)
  expect(br.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  expect(br.headers['vary']).toBe('accept-encoding')
  expect((await get(path, { 'accept-encoding': 'gzip' })).headers['content-encoding']).toBe('gzip')
  const refused = await get(path, { 'accept-encoding': 'br;q=0' })
  expect(refused.headers['content-encoding']).toBeUndefined()
  expect(refused.bytes.toString()).toBe(script)
  expect(refused.headers['content-type']).toBe('text/javascript; charset=utf-8')
  const again = await get(path, { 'if-none-match': String(refused.headers['etag']) })
  expect(again.statusCode).toBe(304)
  expect((await get('/portal.js')).headers['cache-control']).toBe('no-cache')
})

test('no path leads out of the build', async () => {
  for (const path of [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/....//secret.txt',
    '//secret.txt',
  ]) {
    const { bytes } = await get(path, page)
    expect(bytes.toString()).not.toContain('not of the build')
  }
})

test('where it was not built, the first page says how to build it', async () => {
  const bare = await startApi()
  try {
    const answer = await request(bare.url, { headers: page })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
    expect(await answer.body.text()).toContain('npm run build -w packages/dashboard')
    expect((await request(`${bare.url}/endpoints`, { headers: page })).statusCode).toBe(404)
  } finally {
    await bare.stop()
  }
})

test('the portal is framed by the sites that its operator lists, and every other page by none', async () => {
  await api.call('PUT', '/api/v1/portal/settings', {
    body: { allowedOrigins: ['https://app.acme.example'] },
  })
  const me = (await api.call('GET', '/api/v1/auth/session')).body
  const signedIn = await api.call('POST', '/api/v1/auth/session', { body: { token: api.key } })
  const cookie = signedIn.headers.getSetCookie().at(-1)!.split(';')[0]!
  const ancestors = async (path: string, headers: Record<string, string> = {}) =>
    /frame-ancestors ([^;]+)/.exec(
      String((await get(path, { ...page, ...headers })).headers['content-security-policy']),
    )?.[1]
  const listed = "'self' https://app.acme.example"
  expect(await ancestors(`/portal?tenant=${me.tenant.id}`)).toBe(listed)
  expect(await ancestors('/portal/endpoints', { cookie })).toBe(listed)
  for (const path of ['/portal', '/portal?tenant=org_nobody', '/portal/endpoints', '/portals'])
    expect(await ancestors(path), path).toBe("'none'")
  expect(await ancestors(`/endpoints?tenant=${me.tenant.id}`, { cookie })).toBe("'none'")
})

test('below a path the page loads from below it, and so does what it answers to', async () => {
  const below = await startApi({ dashboardFolder: join(root, 'dist'), basePath: '/pombo' })
  try {
    const at = async (path: string, headers: Record<string, string> = page) =>
      await request(below.url + path, { headers })
    for (const path of ['/pombo', '/pombo/', '/pombo?a=1', '/pombo/endpoints']) {
      const { statusCode, body } = await at(path)
      expect([statusCode, await body.text()]).toEqual([
        200,
        html.replace('"/assets', '"/pombo/assets'),
      ])
    }
    const { headers } = await at('/pombo/')
    const again = { ...page, 'if-none-match': String(headers['etag']) }
    expect((await at('/pombo/', again)).statusCode).toBe(304)
    expect(headers['etag']).not.toBe((await get('/', page)).headers['etag'])
    expect(await (await at('/pombo/assets/main-1a2b.js')).body.text()).toBe(script)
    expect((await at('/pombo/assets/gone.js')).statusCode).toBe(404)
    expect((await at('/pombo/api/v1/nothing')).statusCode).toBe(404)
  } finally {
    await below.stop()
  }
})

// Each kind of body that cannot be read, at every door: the native API, the dialects' routes, and where gateways send
// to.
import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routesOf } from '../../src/api/dialects/reference.ts'
import { dialects } from '../../src/dialects/dialects.ts'
import { gateways } from '../../src/sources/gateways.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'

interface Door {
  method: string
  path: string
  type?: string
}

let pombo: TestPombo
let receiver: Receiver
let app: string
let token: string
const doors: Door[] = []
const paths: Door[] = []

const json = 'application/json'
const native = async (method: string, path: string, body?: unknown) =>
  await pombo.api(method, path, body)

beforeAll(async () => {
  receiver = await startReceiver()
  pombo = await startPombo({ POMBO_MAX_BODY_BYTES: '1100000' })
  app = (await native('POST', '/app', { name: 'doors' })).body.id
  await native('POST', `/app/${app}/endpoint`, { url: `${receiver.url}/hook` })
  const source = await native('POST', `/app/${app}/source`, { gateway: 'baileys' })
  token = source.body.token
  const { paths: documented } = (await native('GET', '/openapi.json')).body as {
    paths: Record<string, Record<string, { requestBody?: object }>>
  }
  for (const [path, methods] of Object.entries(documented))
    for (const [method, { requestBody }] of Object.entries(methods)) {
      const door = { method: method.toUpperCase(), path }
      if (path.includes('{')) paths.push(door)
      const there = path.replace('{app_id}', app).replaceAll(/\{\w+\}/g, 'x')
      if (requestBody) doors.push({ ...door, path: there })
    }
  for (const dialect of dialects.values())
    for (const { method, path } of await routesOf(dialect)) {
      if (/[{:]/.test(path)) paths.push({ method, path })
      if (method !== 'GET' && method !== 'DELETE' && method !== 'HEAD')
        doors.push({ method, path: path.replaceAll(/\{\w+\}|:\w+/g, 'x') })
    }
  for (const [gateway, { bySettings }] of gateways) {
    const key = bySettings
      ? (await native('POST', `/app/${app}/source`, { gateway })).body.token
      : pombo.key
    const path = `/ingest/${gateway}/doors?token=${key}`
    doors.push({ method: 'POST', path }, { method: 'POST', path, type: 'text/plain' })
    paths.push({ method: 'POST', path: `/ingest/${gateway}/{session}?token=${key}` })
  }
})
afterAll(async () => {
  await pombo?.stop()
  await receiver?.close()
})

async function send(
  { method, path }: Door,
  body: Uint8Array | string | null,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const response = await fetch(pombo.url + path, {
    method,
    headers: { authorization: `Bearer ${pombo.key}`, apikey: pombo.key, ...headers },
    body: body === null ? null : new Uint8Array(Buffer.from(body as string)),
  })
  return { status: response.status, text: await response.text() }
}

// Each door inflates what the bound allows, which is little above what counts as harmless.
const spaces = Buffer.alloc(10_000_000, 0x20)
const bomb = gzipSync(spaces)
const steep = gzipSync(spaces.subarray(0, 1_090_000))
const kinds: [string, Uint8Array, Record<string, string>, number, RegExp][] = [
  ['a byte that is no UTF-8', Buffer.from('{"name":"a\xff"}', 'latin1'), {}, 400, /byte 10\b/],
  ['a character that is cut off', Buffer.from('{"name":"\xc3', 'latin1'), {}, 400, /byte 9\b/],
  ['UTF-16 that does not say so', Buffer.from('\ufeff{"name":"a"}', 'utf16le'), {}, 400, /utf-16/i],
  [
    'half a pair in UTF-16',
    Buffer.from('{"\ud800":1}', 'utf16le'),
    { 'content-type': `${json}; charset=utf-16le` },
    400,
    /byte 4\b/,
  ],
  [
    'a charset that is not read',
    Buffer.from('{}'),
    { 'content-type': `${json}; charset=ebcdic` },
    415,
    /ebcdic/,
  ],
  ['U+0000 in a text', Buffer.from('{"name":"a\\u0000b"}'), {}, 422, /name.*U\+0000/],
  ['U+0000 deep inside', Buffer.from('{"payload":{"a":[{"b":"\\u0000"}]}}'), {}, 422, /U\+0000/],
  ['U+0000 in a key', Buffer.from('{"na\\u0000me":"a"}'), {}, 422, /U\+0000/],
  [
    'U+0000 under a hundred and fifty brackets',
    Buffer.from(`{"a":${'['.repeat(150)}"\\u0000"${']'.repeat(150)}}`),
    {},
    422,
    /U\+0000/,
  ],
  ['half a surrogate pair', Buffer.from('{"payload":{"s":"\\uD83d"}}'), {}, 422, /surrogate/],
  [
    'a packing that is not read',
    Buffer.from('{}'),
    { 'content-encoding': 'compress' },
    415,
    /compress/,
  ],
  [
    'what is not packed as it says',
    Buffer.from('{"name":"a"}'),
    { 'content-encoding': 'gzip' },
    400,
    /gzip/,
  ],
  [
    'a packing that is cut off',
    gzipSync('{"name":"abcdef"}').subarray(0, 20),
    { 'content-encoding': 'gzip' },
    400,
    /gzip/,
  ],
  ['a bomb', bomb, { 'content-encoding': 'gzip' }, 413, /./],
  ['a bomb within the limit', steep, { 'content-encoding': 'gzip' }, 413, /250/],
  ['a bomb in brotli', brotliCompressSync(spaces), { 'content-encoding': 'br' }, 413, /./],
  ['a bomb within a packing', gzipSync(bomb), { 'content-encoding': 'gzip, gzip' }, 413, /./],
  [
    'three packings',
    gzipSync(gzipSync(gzipSync('{}'))),
    { 'content-encoding': 'gzip, gzip, gzip' },
    415,
    /gzip/,
  ],
]

test('all doors are there', () => {
  expect(doors.filter(({ path }) => path.startsWith('/api/v1')).length).toBeGreaterThan(30)
  expect(doors.filter(({ path }) => path.startsWith('/ingest')).length).toBeGreaterThan(8)
  expect(doors.length).toBeGreaterThan(60)
})

test.each(kinds)(
  '%s is refused at every door, in words',
  async (_, body, headers, status, words) => {
    const wrong: unknown[] = []
    for (const door of doors) {
      const answer = await send(door, body, { 'content-type': door.type ?? json, ...headers })
      if (answer.status !== status || !words.test(answer.text)) wrong.push([door, answer])
    }
    expect(wrong).toEqual([])
    expect(pombo.errors).toEqual([])
  },
  60_000,
)

test('U+0000 in any path, or in a query, is refused, and is nowhere a fault of Pombo', async () => {
  const wrong: unknown[] = []
  for (const door of paths) {
    const path = door.path.replaceAll(/\{\w+\}|:\w+/g, 'a%00b')
    const body = ['GET', 'HEAD'].includes(door.method) ? null : '{}'
    const answer = await send({ ...door, path }, body, { 'content-type': json })
    if (answer.status !== 422 || (door.method !== 'HEAD' && !answer.text.includes('U+0000')))
      wrong.push([door, answer])
  }
  expect(wrong).toEqual([])
  expect((await send({ method: 'GET', path: '/api/v1/app?iterator=%00' }, null)).status).toBe(422)
  expect((await send({ method: 'GET', path: '/media/a%00b' }, null)).status).toBe(422)
  expect(pombo.errors).toEqual([])
})

describe('what can be read is read', () => {
  const text = '{"eventType":"a","payload":{"s":"ação €"}}'
  const latin = '{"eventType":"a","payload":{"s":"ação"}}'
  const packed: [string, Uint8Array, Record<string, string>, string?][] = [
    ['gzip', gzipSync(text), { 'content-encoding': 'gzip' }],
    ['gzip in capitals', gzipSync(text), { 'content-encoding': 'GZip' }],
    ['deflate', deflateSync(text), { 'content-encoding': 'deflate' }],
    ['deflate without its frame', deflateRawSync(text), { 'content-encoding': 'deflate' }],
    ['br', brotliCompressSync(text), { 'content-encoding': 'br' }],
    ['zstd', zstdCompressSync(text), { 'content-encoding': 'zstd' }],
    ['two packings', brotliCompressSync(gzipSync(text)), { 'content-encoding': 'gzip, br' }],
    ['identity', Buffer.from(text), { 'content-encoding': 'identity' }],
    ['a byte order mark', Buffer.from(`\ufeff${text}`), {}],
    ['two byte order marks', Buffer.from(`\ufeff\ufeff${text}`), {}],
    ['a packed byte order mark', gzipSync(`\ufeff${text}`), { 'content-encoding': 'gzip' }],
    [
      'UTF-16 with a mark',
      Buffer.from(`\ufeff${text}`, 'utf16le'),
      { 'content-type': `${json}; charset=UTF-16` },
    ],
    [
      'UTF-16, the other way',
      Buffer.from(text, 'utf16le').swap16(),
      { 'content-type': `${json};charset="utf-16be"` },
    ],
    [
      'Latin-1',
      Buffer.from(latin, 'latin1'),
      { 'content-type': `${json}; charset=iso-8859-1` },
      'ação',
    ],
  ]

  test.each(packed)('%s, by the API', async (_, body, headers, said = 'ação €') => {
    const answer = await send({ method: 'POST', path: `/api/v1/app/${app}/msg` }, body, {
      'content-type': json,
      ...headers,
    })
    expect(answer.status).toBe(202)
    expect(JSON.parse(answer.text)).toMatchObject({ payload: { s: said } })
  })

  test.each(packed)('%s, by a gateway', async (_, body, headers, said = 'ação €') => {
    const before = receiver.received.length
    const answer = await send(
      { method: 'POST', path: `/ingest/baileys/doors?token=${token}` },
      body,
      { 'content-type': json, ...headers },
    )
    expect(answer).toMatchObject({ status: 200, text: expect.stringContaining('"accepted":1') })
    await expect
      .poll(() =>
        receiver.received
          .slice(before)
          .map(({ body: got }) => got)
          .join(),
      )
      .toContain(said)
  })

  test('a body of JSON without a type, as of some generations of clients; text and forms stay refused', async () => {
    const door = { method: 'POST', path: `/api/v1/app/${app}/msg` }
    // fetch names a type for text, and none for bytes.
    expect((await send(door, Buffer.from(text))).status).toBe(202)
    expect((await send(door, Buffer.from(text), { 'content-type': '' })).status).toBe(202)
    const gateway = { method: 'POST', path: `/ingest/baileys/doors?token=${token}` }
    expect((await send(gateway, Buffer.from(text), { 'content-type': '' })).status).toBe(200)
    expect((await send(door, text, { 'content-type': 'text/plain' })).status).toBe(415)
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await send(door, text, form)).status).toBe(415)
  })

  test.each([
    'json',
    'application/json charset=utf-8',
    'application/json, text/plain',
    'application/json; charset=utf-8, application/json',
  ])('JSON whose type is none that can be read, at every kind of door: %s', async (type) => {
    const ways: [Door, object, number][] = [
      [{ method: 'POST', path: `/ingest/evolution/doors` }, { event: 'x.y' }, 200],
      [{ method: 'POST', path: `/evolution/doors` }, { event: 'x.y' }, 200],
      [{ method: 'POST', path: '/api/v1/app' }, { name: 'a' }, 201],
    ]
    for (const [door, body, status] of ways)
      expect((await send(door, JSON.stringify(body), { 'content-type': type })).status).toBe(status)
  })

  test('a packed body counts by what is in it', async () => {
    const long = `{"eventType":"a","payload":"${'x'.repeat(900_000)}"}`
    const door = { method: 'POST', path: `/api/v1/app/${app}/msg` }
    const headers = { 'content-type': json, 'content-encoding': 'gzip' }
    expect((await send(door, gzipSync(long), headers)).status).toBe(202)
  })

  test('the document is JSON and says nothing more', async () => {
    const response = await fetch(`${pombo.url}/api/v1/openapi.json`)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toHaveProperty('openapi')
  })
})

describe('forms of gateways', () => {
  const door = () => ({ method: 'POST', path: `/ingest/wuzapi/doors?token=${pombo.key}` })
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  test('whose escaped bytes are no UTF-8, or that hold U+0000, are refused', async () => {
    for (const [body, status] of [
      ['jsonData=a%FFb', 400],
      ['jsonData=a%00b', 422],
      [`jsonData=${encodeURIComponent('{"type":"x","a":"\\u0000"}')}`, 422],
      [
        `jsonData=${encodeURIComponent('{"type":"Message","event":"{\\"a\\":\\"\\\\ud800\\"}"}')}`,
        200,
      ],
      ['jsonData=%7B%22type%22%3A%22x%22%7D', 200],
    ] as const)
      expect([body, (await send(door(), body, form)).status]).toEqual([body, status])
    expect(pombo.errors).toEqual([])
  })

  test('are read behind a byte order mark in a field', async () => {
    for (const mark of ['%EF%BB%BF', '%EF%BB%BF%EF%BB%BF']) {
      const json = encodeURIComponent('{"type":"marked","a":1}')
      expect((await send(door(), `jsonData=${mark}${json}`, form)).status).toBe(200)
    }
    const listed = await native('GET', '/app/doors/msg?with_content=true')
    expect(JSON.stringify(listed.body).split('"name":"marked"')).toHaveLength(3)
  })

  test('are read in the charset that they name, their escaped bytes too', async () => {
    const type = 'application/x-www-form-urlencoded; charset=iso-8859-1'
    const json = '{"type":"x","a":"S\xe3o é"}'
    const escaped = encodeURIComponent(json).replace('%C3%A3', '%E3').replace('%C3%A9', '%E9')
    for (const body of [`jsonData=${escaped}`, Buffer.from(`jsonData=${json}`, 'latin1')])
      expect((await send(door(), body, { 'content-type': type })).status).toBe(200)
    const listed = await native('GET', '/app/doors/msg?with_content=true')
    expect(JSON.stringify(listed.body).split('São é')).toHaveLength(3)
    const wrong = await send(door(), 'jsonData=%E3', form)
    expect(wrong.status).toBe(400)
  })

  test('with files of any bytes are taken, and with text that is no UTF-8 refused', async () => {
    const boundary = '-'.repeat(30) + 'x'
    const part = (name: string, value: Buffer, file = '') =>
      Buffer.concat([
        Buffer.from(
          `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`,
        ),
        value,
        Buffer.from('\r\n'),
      ])
    const multipart = (...parts: Buffer[]) =>
      Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)])
    const type = { 'content-type': `multipart/form-data; boundary=${boundary}` }
    const file = part('file', Buffer.from([0xff, 0x00, 0xd8]), '; filename="a.jpg"')
    const good = multipart(part('jsonData', Buffer.from('{"type":"x"}')), file)
    expect((await send(door(), good, type)).status).toBe(200)
    const bad = multipart(part('jsonData', Buffer.from('{"type":"x\xff"}', 'latin1')), file)
    const refused = await send(door(), bad, type)
    expect(refused.status).toBe(400)
    expect(refused.text).toContain('jsonData')
  })
})

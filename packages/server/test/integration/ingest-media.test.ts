// Files that come inside payloads: taken out, kept once, and to be had by a signed link.
import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EventOf } from '../../src/whatsapp/whatsapp.ts'
import { createMediaLinks } from '../../src/sources/intake/media/link.ts'
import { forgetFiles } from '../../src/sources/intake/media/store.ts'
import { startApi, type TestApi } from '../support/api-server.ts'
import { type GatewaySession, openSession, postJson } from '../support/gateway.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
  api = await startApi({ maxBodyBytes: 8_000_000 })
})
afterAll(async () => {
  await api?.stop()
  await receiver?.close()
})

/** As Evolution sends it with `webhookBase64`. */
const image = (id: string, bytes: Buffer, mimetype = 'image/jpeg') => ({
  event: 'messages.upsert',
  instance: 'loja',
  data: {
    key: { remoteJid: '5511999990001@s.whatsapp.net', fromMe: false, id },
    message: {
      imageMessage: {
        url: 'https://mmg.whatsapp.net/i.enc',
        directPath: '/i.enc',
        mediaKey: 'AwQ=',
        mimetype,
      },
      base64: bytes.toString('base64'),
    },
    messageType: 'imageMessage',
    messageTimestamp: 1_762_510_200,
  },
})
const mediaOf = async (session: GatewaySession) =>
  ((await session.events()).at(-1) as EventOf<'message.received'>).content.media!
const kept = async () =>
  (await api.database.pool.query<{ n: number }>('select count(*) as n from media')).rows[0]!.n

test('a large file goes by a link that gives it to the byte, and the reference to WhatsApp’s own stays', async () => {
  const session = await openSession(api, receiver, 'evolution')
  const bytes = randomBytes(1_500_000)
  expect((await postJson(session.ingestUrl, image('A1', bytes))).status).toBe(200)
  const { stored, storedUrl, ...rest } = await mediaOf(session)
  expect(rest).toEqual({
    url: 'https://mmg.whatsapp.net/i.enc',
    directPath: '/i.enc',
    mediaKey: 'AwQ=',
    mimetype: 'image/jpeg',
  })
  expect(stored).toMatchObject({
    mimetype: 'image/jpeg',
    sizeBytes: 1_500_000,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  })
  expect(storedUrl).toBe(stored!.url)
  await until(() => session.delivered().length === 1)
  expect(session.delivered()[0]!.body.length).toBeLessThan(5_000)

  const file = await fetch(stored!.url)
  expect(file.status).toBe(200)
  expect(file.headers.get('content-type')).toBe('image/jpeg')
  expect(file.headers.get('content-length')).toBe('1500000')
  expect(file.headers.get('x-content-type-options')).toBe('nosniff')
  expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBe(true)
  const again = await fetch(stored!.url, {
    headers: { 'if-none-match': file.headers.get('etag')! },
  })
  expect(again.status).toBe(304)
})

test('the same file is kept once for all who send it', async () => {
  const bytes = randomBytes(300_000)
  const before = await kept()
  const urls = []
  for (const id of ['B1', 'B2']) {
    const session = await openSession(api, undefined, 'evolution')
    await postJson(session.ingestUrl, image(id, bytes))
    urls.push(new URL((await mediaOf(session)).stored!.url).pathname)
  }
  expect(urls[0]).toBe(urls[1])
  expect(await kept()).toBe(before + 1)
})

test('small files stay, and all of them where that is chosen', async () => {
  const small = await openSession(api, undefined, 'evolution')
  await postJson(small.ingestUrl, image('C1', Buffer.alloc(262_143)))
  expect(await mediaOf(small)).toMatchObject({ base64: Buffer.alloc(262_143).toString('base64') })
  const inline = await openSession(api, undefined, 'evolution', { media: 'inline' })
  await postJson(inline.ingestUrl, image('C2', Buffer.alloc(400_000)))
  expect((await mediaOf(inline)).base64).toHaveLength(Math.ceil(400_000 / 3) * 4)
  const lower = await openSession(api, undefined, 'evolution', { mediaMinBytes: 1_024 })
  await postJson(lower.ingestUrl, image('C3', Buffer.alloc(1_024)))
  expect((await mediaOf(lower)).stored).toMatchObject({ sizeBytes: 1_024 })
})

test('a file in what is not understood is taken out too', async () => {
  const session = await openSession(api, undefined, 'gowa', { mediaMinBytes: 1_024 })
  const bytes = randomBytes(3_000)
  await postJson(session.ingestUrl, {
    something: {
      file: `data:application/pdf;base64,${bytes.toString('base64')}`,
      text: 'a b '.repeat(2_000),
    },
  })
  const [{ payload } = { payload: '' }] = await session.messages()
  const { something } = JSON.parse(payload) as {
    something: { file: { url: string }; text: string }
  }
  expect(something.text).toHaveLength(8_000)
  expect(something.file).toMatchObject({ mimetype: 'application/pdf', sizeBytes: 3_000 })
  const file = await fetch(something.file.url)
  expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBe(true)
})

test('the file of a multipart request, which is how wuzapi sends it, is kept to the byte', async () => {
  const session = await openSession(api, undefined, 'wuzapi')
  const bytes = randomBytes(400_000)
  const form = new FormData()
  const event = {
    Info: {
      Chat: '5511999990001@s.whatsapp.net',
      Sender: '5511999990001@s.whatsapp.net',
      ID: 'M1',
      IsFromMe: false,
      IsGroup: false,
      Timestamp: '2025-11-07T10:00:00Z',
    },
    Message: { imageMessage: { mimetype: 'image/jpeg', caption: 'a' } },
  }
  form.set('jsonData', JSON.stringify({ type: 'Message', event }))
  form.set('file', new Blob([bytes], { type: 'image/jpeg' }), 'M1.jpg')
  expect((await fetch(session.ingestUrl, { method: 'POST', body: form })).status).toBe(200)
  const file = await fetch((await mediaOf(session)).stored!.url)
  expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBe(true)
})

test('what is kept out, and what is refused for its signature, leaves no file', async () => {
  const before = await kept()
  const filtered = await openSession(api, undefined, 'evolution', {
    filters: { messageTypes: ['text'] },
  })
  await postJson(filtered.ingestUrl, image('D1', randomBytes(300_000)))
  const signed = await openSession(api, undefined, 'evolution', { secret: 'a key' })
  expect((await postJson(signed.ingestUrl, image('D2', randomBytes(300_000)))).status).toBe(401)
  expect(await kept()).toBe(before)
})

test('a link cannot be changed, made up, or used after its time', async () => {
  const session = await openSession(api, undefined, 'evolution')
  await postJson(session.ingestUrl, image('E1', randomBytes(300_000), 'text/html'))
  const url = new URL((await mediaOf(session)).stored!.url)
  const status = async (change: (changed: URL) => void) => {
    const changed = new URL(url)
    change(changed)
    const answer = await fetch(changed)
    await answer.arrayBuffer()
    return answer.status
  }
  expect(await status(() => {})).toBe(200)
  expect(
    await status(({ searchParams }) =>
      searchParams.set('exp', String(Number(searchParams.get('exp')) + 1)),
    ),
  ).toBe(403)
  expect(await status(({ searchParams }) => searchParams.set('sig', 'AAAA'))).toBe(403)
  expect(await status(({ searchParams }) => searchParams.delete('sig'))).toBe(403)
  const otherEnd = url.pathname.endsWith('0') ? '1' : '0'
  expect(await status((changed) => (changed.pathname = url.pathname.slice(0, -1) + otherEnd))).toBe(
    403,
  )
  // A page is saved, never shown.
  const page = await fetch(url)
  await page.arrayBuffer()
  expect(page.headers.get('content-disposition')).toBe('attachment')
})

test('links outlive a change of keys, and end with their time', () => {
  const [old, fresh] = [randomBytes(32), randomBytes(32)]
  const made = createMediaLinks([old], () => 'https://pombo.example')
  const rotated = createMediaLinks([fresh, old], () => 'https://pombo.example')
  const without = createMediaLinks([fresh], () => 'https://pombo.example')
  const id = '019a5874-0000-7000-8000-00000000a001'
  const url = new URL(made.urlOf(id, 2_000_000))
  const [shown, query] = [
    url.pathname.slice('/media/'.length),
    Object.fromEntries(url.searchParams),
  ]
  expect(rotated.read(shown, query, 1_000_000)).toBe(id)
  expect(without.read(shown, query, 1_000_000)).toBeUndefined()
  expect(rotated.read(shown, query, 2_000_000)).toBeUndefined()
})

test('files go when the messages of their tenant do', async () => {
  const session = await openSession(api, undefined, 'evolution')
  await postJson(session.ingestUrl, image('F1', randomBytes(300_000)))
  const { stored } = await mediaOf(session)
  const days = async () =>
    (
      await api.database.pool.query<{ days: number }>(
        `select round(extract(epoch from expires_at - now()) / 86400)::int as days
           from media
          where sha256 = decode($1, 'hex')`,
        [stored!.sha256],
      )
    ).rows[0]?.days
  expect(await days()).toBe(30)
  await forgetFiles(api.database.pool)
  expect(await days()).toBe(30)
  await api.database.pool.query(
    `update media set expires_at = now() - interval '1 second' where sha256 = decode($1, 'hex')`,
    [stored!.sha256],
  )
  expect(await forgetFiles(api.database.pool)).toBe(1)
  expect((await fetch(stored!.url)).status).toBe(404)
})

test('a receiver that stops reading does not hold up a stop', async () => {
  const other = await api.second()
  const session = await openSession(api, undefined, 'evolution')
  await postJson(session.ingestUrl, image('G1', randomBytes(5_000_000)))
  const url = new URL((await mediaOf(session)).stored!.url)
  const stalled = await fetch(`${other.url}${url.pathname}${url.search}`)
  expect(stalled.status).toBe(200)
  const startedAt = performance.now()
  await other.stop()
  expect(performance.now() - startedAt).toBeLessThan(30_000)
  await expect(stalled.arrayBuffer()).rejects.toThrow()
})

import type { BaileysEventMap } from 'baileys'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Connection, connectBaileys } from '../../src/connection.ts'
import type { ConnectOptions } from '../../src/options.ts'
import { type BaileysEvents, eventNames } from '../../src/socket.ts'
import { me, realEmitter } from '../real-baileys.ts'
import { type Receiver, startReceiver } from '../receiver.ts'
import { decoded, group, image, lid, ownText, person, samples } from '../samples.ts'

let receiver: Receiver
let connections: Connection[]

beforeEach(async () => {
  receiver = await startReceiver()
  connections = []
})

afterEach(async () => {
  await Promise.all(connections.map(async (one) => await one.close({ timeoutMs: 0 })))
  await receiver.stop()
})

type Emitter = ReturnType<typeof realEmitter>

function connect(
  sock: Parameters<typeof connectBaileys>[0],
  options: Partial<ConnectOptions> = {},
): Connection {
  const connection = connectBaileys(sock, {
    session: 'loja',
    ...options,
    pombo: { url: receiver.url, token: 'pombosrc_test', ...options.pombo },
  })
  connections.push(connection)
  return connection
}

function emitAll({ ev }: Emitter): void {
  for (const [name, data] of Object.entries(samples))
    ev.emit(name as keyof BaileysEventMap, data as never)
}

function emitText({ ev }: Emitter, id: string): void {
  const message = decoded({
    key: { remoteJid: person, fromMe: false, id },
    messageTimestamp: 1,
    message: { conversation: id },
  })
  ev.emit('messages.upsert', { messages: [message], type: 'notify' })
}

const textIds = () =>
  receiver
    .events()
    .map(({ data }) => (data as { messages: { key: { id: string } }[] }).messages[0]!.key.id)

const range = (count: number) => Array.from({ length: count }, (_, n) => `T${n}`)

/** Holds for every connection at every time. */
function expectNothingUnaccounted(connection: Connection): void {
  const { received, resumed, sent, waiting, dropped } = connection.stats()
  expect(received + resumed).toBe(sent + waiting.events + dropped.total)
}

test.each(['process', 'on'] as const)(
  'every event of the event map arrives by `%s`, in order, as plain JSON, and keys do not',
  async (way) => {
    const sock = realEmitter()
    const { ev, user } = sock
    const older: BaileysEvents = {
      on: (name, listener) => ev.on(name as 'call', listener),
      off: (name, listener) => ev.off(name as 'call', listener),
    }
    const connection = connect(way === 'process' ? sock : { ev: older, user })
    emitAll(sock)
    expect(await connection.flush()).toBe(true)
    const names = Object.keys(samples).filter((name) => name !== 'creds.update')
    expect(receiver.events().map(({ event }) => event)).toEqual(names)
    expect([...eventNames].sort()).toEqual(names.sort())

    const text = receiver.batches.map((batch) => batch.text).join()
    expect(text).not.toMatch(/NEVER|noiseKey|senderKeyDistribution|tcToken|"low"|"type":"Buffer"/)
    const upsert = receiver.events().find(({ event }) => event === 'messages.upsert')
    expect(upsert?.data).toEqual({
      type: 'notify',
      messages: [
        expect.objectContaining({
          key: { remoteJid: group, participant: lid, fromMe: false, id: 'IMG1' },
          messageTimestamp: 1_762_510_200,
          message: {
            imageMessage: expect.objectContaining({
              mediaKey: 'AQID',
              fileLength: 123_456,
              caption: 'Olá',
            }) as object,
          },
        }),
      ],
    })
    expect(connection.stats()).toMatchObject({
      received: 33,
      sent: 33,
      skipped: way === 'process' ? 1 : 0,
    })
    expectNothingUnaccounted(connection)
  },
)

test('the originals are left to the program as they were', async () => {
  const sock = realEmitter()
  const connection = connect(sock)
  const before = { ...image.message!.imageMessage }
  sock.ev.emit('messages.upsert', { messages: [image], type: 'notify' })
  await connection.flush()
  expect({ ...image.message!.imageMessage }).toEqual(before)
  expect(image.message!.imageMessage!.mediaKey).toBeInstanceOf(Uint8Array)
  expect(image.message!.senderKeyDistributionMessage).toBeDefined()
})

test('a request says whose session it is and proves who sends it; each event says when it was and its id', async () => {
  const sock = realEmitter()
  const connection = connect(sock, {
    session: 'loja 7',
    pombo: { url: `${receiver.url}/hooks`, token: 't0ken', secret: 'It’s ours' },
  })
  const beforeMs = Date.now()
  emitText(sock, 'A')
  await connection.flush()
  const [batch] = receiver.batches
  expect(batch).toMatchObject({
    path: '/hooks/ingest/baileys/loja%207',
    me,
    headers: { authorization: 'Bearer t0ken', 'content-type': 'application/json' },
  })
  const { createHmac } = await import('node:crypto')
  expect(batch!.headers['x-hub-signature-256']).toBe(
    `sha256=${createHmac('sha256', 'It’s ours').update(batch!.text).digest('hex')}`,
  )
  const [event] = batch!.events
  expect(Date.parse(event!.at)).toBeGreaterThanOrEqual(beforeMs)
  expect(batch!.id).toBe(`${event!.id}+1`)
})

test('an account that is paired later is named from then on', async () => {
  const sock: Emitter = { ...realEmitter(), user: undefined }
  const connection = connect(sock)
  emitText(sock, 'A')
  sock.user = me
  emitText(sock, 'B')
  await connection.flush()
  expect(receiver.batches.map((batch) => batch.me)).toEqual([undefined, me])
})

test('notify and append both arrive, and what Baileys merges keeps its status', async () => {
  const sock = realEmitter()
  const connection = connect(sock)
  const key = { remoteJid: person, fromMe: true, id: 'OWN' }
  emitText(sock, 'live')
  sock.ev.buffer()
  sock.ev.emit('messages.upsert', { messages: [ownText('OWN', 1)], type: 'append' })
  sock.ev.emit('messages.update', [{ key, update: { status: 2 } }])
  sock.ev.emit('messages.update', [{ key, update: { status: 3 } }])
  sock.ev.flush()
  sock.ev.buffer()
  sock.ev.emit('messages.update', [{ key, update: { status: 4, messageTimestamp: 9 } }])
  sock.ev.emit('messages.update', [{ key, update: { status: 5, messageTimestamp: 9 } }])
  sock.ev.flush()
  await connection.flush()
  const [live, own, update, ...rest] = receiver.events()
  expect(live?.data).toMatchObject({ type: 'notify' })
  expect(own?.data).toMatchObject({ type: 'append', messages: [{ key: { id: 'OWN' }, status: 3 }] })
  expect(update?.data).toEqual([
    { key, update: { status: 4, messageTimestamp: 9 }, inferred: true },
    { key, update: { status: 5, messageTimestamp: 9 } },
  ])
  expect(rest).toEqual([])
  expect(connection.stats().inferred).toBe(1)
})

test('receipts of members and reactions that Baileys folds into the message come back as events', async () => {
  const sock = realEmitter()
  const connection = connect(sock)
  const key = { remoteJid: group, fromMe: true, id: 'G1' }
  const own = { ...ownText('G1', 2), key }
  sock.ev.buffer()
  sock.ev.emit('messages.upsert', { messages: [own], type: 'append' })
  sock.ev.emit('message-receipt.update', [
    { key, receipt: { userJid: lid, readTimestamp: 1_762_510_209 } },
  ])
  sock.ev.emit('messages.reaction', [
    { key, reaction: { key: { ...key, fromMe: false, participant: lid, id: 'R1' }, text: '👍' } },
  ])
  sock.ev.flush()
  await connection.flush()
  const [upsert, receipts, reactions] = receiver.events()
  expect(upsert?.event).toBe('messages.upsert')
  expect(receipts).toMatchObject({
    event: 'message-receipt.update',
    data: [
      {
        key: { id: 'G1' },
        receipt: { userJid: lid, receiptTimestamp: 1_762_510_209 },
        inferred: true,
      },
      { key: { id: 'G1' }, receipt: { userJid: lid, readTimestamp: 1_762_510_209 } },
    ],
  })
  expect(reactions).toMatchObject({
    event: 'messages.reaction',
    data: [{ key: { id: 'G1' }, reaction: { text: '👍' } }],
  })
})

test('what Baileys buffers when the connection ends, and would throw away, is forwarded before the close', async () => {
  const sock = realEmitter()
  const connection = connect(sock)
  sock.ev.buffer()
  emitText(sock, 'last')
  // What Baileys' own `end` does.
  sock.ev.emit('connection.update', samples['connection.update'])
  sock.ev.destroy()
  await connection.flush()
  expect(receiver.events().map(({ event }) => event)).toEqual([
    'messages.upsert',
    'connection.update',
  ])
  expect(receiver.events()[1]?.data).toEqual({
    connection: 'close',
    lastDisconnect: {
      date: '2025-11-07T10:10:00.000Z',
      error: {
        name: 'Error',
        message: 'Connection Terminated',
        output: { statusCode: 428, payload: { message: 'Connection Terminated' } },
      },
    },
  })
})

test('while Pombo is away nothing is lost, in order; a request without an answer comes again the same', async () => {
  const sock = realEmitter()
  const states: string[] = []
  const connection = connect(sock, {
    batch: { maxEvents: 7 },
    onState: (state) => states.push(state),
  })
  let cut = true
  receiver.answer = () => {
    const given = cut ? 'reset' : 200
    cut = false
    return given
  }
  const ids = range(120)
  for (const id of ids.slice(0, 40)) emitText(sock, id)
  await expect.poll(() => receiver.batches.length).toBeGreaterThan(2)
  await receiver.goAway()
  for (const id of ids.slice(40, 80)) emitText(sock, id)
  await expect.poll(() => connection.stats().state).toBe('retrying')
  await expect.poll(() => connection.stats().lastError).toMatch(/ECONNREFUSED/)
  await receiver.comeBack()
  for (const id of ids.slice(80)) emitText(sock, id)
  await expect.poll(async () => await connection.flush({ timeoutMs: 500 })).toBe(true)

  const [first, again] = receiver.batches
  expect(again).toMatchObject({ id: first!.id, text: first!.text })
  const known = new Map(receiver.events().map((event) => [event.id, event]))
  const once = [...known.values()].map(
    ({ data }) => (data as { messages: { key: { id: string } }[] }).messages[0]!.key.id,
  )
  expect(once).toEqual(ids)
  expect(states.at(-1)).toBe('ready')
  expect(connection.stats()).toMatchObject({
    sent: 120,
    waiting: { events: 0, oldestAt: null },
    dropped: { total: 0 },
  })
  expectNothingUnaccounted(connection)
})

test('beyond the bound the oldest are lost, counted and told; the state says so until one is delivered', async () => {
  const sock = realEmitter()
  const told: { events: number; total: number; ended: boolean }[] = []
  const dropped: string[] = []
  await receiver.goAway()
  const connection = connect(sock, {
    buffer: { maxEvents: 10 },
    batch: { maxEvents: 2 },
    onOverflow: ({ events, total, ended }) => told.push({ events, total, ended }),
    onDropped: ({ reason, events }) => dropped.push(`${reason} ${events}`),
  })
  for (const id of range(30)) emitText(sock, id)
  expect(connection.stats()).toMatchObject({
    state: 'overflow',
    waiting: { events: 10 },
    dropped: { overflow: 20, total: 20 },
  })
  expect(told[0]).toEqual({ events: 1, total: 1, ended: false })
  await receiver.comeBack()
  await connection.flush()
  expect(told.at(-1)).toMatchObject({ total: 20, ended: true })
  expect(told.reduce((sum, { events }) => sum + events, 0)).toBe(20)
  expect(dropped).toHaveLength(20)
  expect(connection.stats().state).toBe('ready')
  expect(textIds()).toEqual(range(30).slice(20))
  expectNothingUnaccounted(connection)
})

test('a token that is refused loses nothing: the state says so, and what waits goes when it is mended', async () => {
  const sock = realEmitter()
  const states: [string, string | null][] = []
  const connection = connect(sock, { onState: (...state) => states.push(state) })
  receiver.answer = () => ({ status: 401, body: '{"code":"ingest_unauthorised"}' })
  emitText(sock, 'A')
  await expect.poll(() => connection.stats().state).toBe('refused')
  expect(states[0]).toEqual(['refused', '401 {"code":"ingest_unauthorised"}'])
  receiver.answer = () => 200
  await connection.flush()
  expect(textIds()).toEqual(['A'])
  expect(states.map(([state]) => state)).toEqual(['refused', 'ready'])
})

test('a pause that Pombo asks for is kept', async () => {
  const sock = realEmitter()
  const connection = connect(sock)
  let askedAtMs = 0
  receiver.answer = () => {
    if (askedAtMs > 0) return 200
    askedAtMs = performance.now()
    return { status: 503, headers: { 'retry-after': '1' } }
  }
  emitText(sock, 'A')
  await expect.poll(() => connection.stats().sent).toBe(1)
  expect(performance.now() - askedAtMs).toBeGreaterThan(980)
})

test('requests stay within what Pombo takes: large events go in parts; one too large by itself is told', async () => {
  const sock = realEmitter()
  const limitBytes = 20_000
  receiver.answer = ({ text }) => (Buffer.byteLength(text) > limitBytes ? 413 : 200)
  const dropped: unknown[] = []
  const connection = connect(sock, {
    batch: { maxBytes: 60_000 },
    onDropped: (one) => dropped.push(one),
  })
  const messages = Array.from({ length: 40 }, (_, n) =>
    decoded({
      key: { remoteJid: person, fromMe: false, id: `H${n}` },
      message: { conversation: 'x'.repeat(5_000) },
    }),
  )
  sock.ev.emit('messages.upsert', { messages: messages.slice(0, 3), type: 'append' })
  sock.ev.emit('contacts.upsert', [{ id: person, name: 'y'.repeat(30_000) }])
  emitText(sock, 'small')
  await connection.flush()
  expect(dropped).toEqual([{ reason: 'tooLarge', events: 1, detail: '413' }])
  expect(receiver.events().map(({ event }) => event)).toEqual([
    'messages.upsert',
    'messages.upsert',
  ])

  receiver.answer = () => 200
  sock.ev.emit('messages.upsert', { messages, type: 'append' })
  await connection.flush()
  const ids = receiver
    .events()
    .slice(2)
    .flatMap(({ data }) =>
      (data as { messages: { key: { id: string } }[] }).messages.map(({ key }) => key.id),
    )
  expect(ids).toEqual(messages.map(({ key }) => key.id))
  expect(receiver.batches.length).toBeGreaterThan(4)
  expectNothingUnaccounted(connection)
})

test('an event that cannot be written as JSON is told and ends neither the gateway nor the delivery', async () => {
  const sock = realEmitter()
  const dropped: unknown[] = []
  const connection = connect(sock, { onDropped: (one) => dropped.push(one) })
  const round: Record<string, unknown> = { name: 'x' }
  round['update'] = round
  sock.ev.emit('newsletter-settings.update', { id: '1@newsletter', update: round })
  emitText(sock, 'A')
  await connection.flush()
  expect(dropped).toEqual([
    {
      reason: 'unreadable',
      events: 1,
      detail: 'newsletter-settings.update: TypeError: The event refers to itself.',
    },
  ])
  expect(textIds()).toEqual(['A'])
  expectNothingUnaccounted(connection)
})

test('events of the next socket go on where those of the last ended, and the last is listened to no more', async () => {
  const first = realEmitter()
  const second = realEmitter()
  const connection = connect(first)
  emitText(first, 'A')
  connection.attach(second)
  emitText(second, 'B')
  emitText(first, 'no')
  await connection.flush()
  expect(textIds()).toEqual(['A', 'B'])
})

test('what is left out by choice is counted', async () => {
  const sock = realEmitter()
  const connection = connect(sock, { skip: ['messaging-history.set', 'presence.update'] })
  emitAll(sock)
  await connection.flush()
  expect(connection.stats()).toMatchObject({ received: 31, sent: 31, skipped: 3 })
  expect(receiver.events().some(({ event }) => event === 'messaging-history.set')).toBe(false)
})

test('close delivers what waits, forwards nothing more, and tells what it leaves behind', async () => {
  const sock = realEmitter()
  const connection = connect(sock)
  for (const id of range(5)) emitText(sock, id)
  const stats = await connection.close()
  expect(stats).toMatchObject({
    state: 'closed',
    sent: 5,
    waiting: { events: 0 },
    answers: { accepted: 5 },
  })
  emitText(sock, 'late')
  expect(connection.stats().received).toBe(5)
  expect(() => connection.attach(realEmitter())).toThrow('closed')
  expect(await connection.close()).toEqual(stats)

  const other = realEmitter()
  const dropped: unknown[] = []
  const doomed = connect(other, { onDropped: (one) => dropped.push(one) })
  await receiver.goAway()
  for (const id of range(3)) emitText(other, id)
  const flushed = doomed.flush()
  expect(await doomed.close({ timeoutMs: 50 })).toMatchObject({
    sent: 0,
    waiting: { events: 0 },
    dropped: { closed: 3, total: 3 },
  })
  expect(await flushed).toBe(true)
  expect(dropped).toEqual([{ reason: 'closed', events: 3, detail: expect.any(String) as string }])
  expectNothingUnaccounted(doomed)
})

test('flush says whether it is done in time', async () => {
  const sock = realEmitter()
  const connection = connect(sock)
  await receiver.goAway()
  emitText(sock, 'A')
  expect(await connection.flush({ timeoutMs: 20 })).toBe(false)
  await receiver.comeBack()
  expect(await connection.flush({ timeoutMs: 5_000 })).toBe(true)
  expect(await connection.flush()).toBe(true)
})

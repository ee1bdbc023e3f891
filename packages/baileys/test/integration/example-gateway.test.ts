import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { proto, type SignalDataSet } from 'baileys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import {
  type AuthStore,
  openAuthStore,
} from '../../../../examples/baileys-gateway/src/auth-state.ts'
import { ended } from '../../../../examples/baileys-gateway/src/ended.ts'
import { qrLines } from '../../../../examples/baileys-gateway/src/qr-terminal.ts'
import { createTestDatabase, type TestDatabase } from '../../../server/test/support/database.ts'
import { startPombo } from '../../../server/test/support/pombo-app.ts'
import { connectBaileys } from '../../src/connection.ts'
import { realEmitter } from '../real-baileys.ts'
import { startReceiver } from '../receiver.ts'

const run = promisify(execFile)
const example = fileURLToPath(new URL('../../../../examples/baileys-gateway', import.meta.url))
const tsc = fileURLToPath(new URL('../../../../node_modules/.bin/tsc', import.meta.url))
let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})

afterAll(async () => {
  await database.drop()
})

const open = (session: string): Promise<AuthStore> => openAuthStore(database.pool, session)
const bytes = (...values: number[]) => Buffer.from(values)

test('the example is sound by the compiler', async () => {
  const checked = run(tsc, ['-p', join(example, 'tsconfig.json')])
  await checked.catch((error: { stdout: string }) => expect.unreachable(error.stdout))
})

test('a login that is saved is the same after a restart, keys as bytes; before, it is a fresh one', async () => {
  const first = await open('one')
  const { creds } = first.state
  expect(creds.noiseKey.private.length).toBe(32)
  creds.me = { id: '5511988880000:1@s.whatsapp.net' }
  await first.saveCreds()
  const again = await open('one')
  expect(again.state.creds.me).toEqual(creds.me)
  expect(Buffer.from(again.state.creds.noiseKey.private)).toEqual(
    Buffer.from(creds.noiseKey.private),
  )
  expect((await open('two')).state.creds.me).toBeUndefined()
})

test('keys of every kind come back as they went in; null removes; sessions do not see each other', async () => {
  const { keys } = (await open('keys')).state
  const data: SignalDataSet = {
    'pre-key': {
      '1': { private: bytes(1), public: bytes(2) },
      '2': { private: bytes(3), public: bytes(4) },
    },
    session: { 'a@lid.0': bytes(1, 2, 3) },
    'sender-key-memory': { 'g@g.us': { '5511999990001@s.whatsapp.net': true } },
    'app-state-sync-key': {
      k: proto.Message.AppStateSyncKeyData.fromObject({ keyData: bytes(9) }),
    },
    'lid-mapping': { '123': '5511999990001' },
    'device-list': { '123': ['0', '1'] },
  }
  await keys.set(data)
  expect(await keys.get('pre-key', ['1', '2', '3'])).toEqual(data['pre-key'])
  expect(await keys.get('session', ['a@lid.0'])).toEqual(data.session)
  expect(await keys.get('sender-key-memory', ['g@g.us'])).toEqual(data['sender-key-memory'])
  expect(await keys.get('device-list', ['123'])).toEqual(data['device-list'])
  const { k } = await keys.get('app-state-sync-key', ['k'])
  expect(k).toBeInstanceOf(proto.Message.AppStateSyncKeyData)
  expect(Buffer.from(k!.keyData!)).toEqual(bytes(9))

  await keys.set({ 'pre-key': { '1': null }, 'lid-mapping': { '123': 'changed' } })
  expect(Object.keys(await keys.get('pre-key', ['1', '2']))).toEqual(['2'])
  expect(await keys.get('lid-mapping', ['123'])).toEqual({ '123': 'changed' })
  expect(await (await open('others')).state.keys.get('lid-mapping', ['123'])).toEqual({})
})

test('what is written together is there together or not at all, and a failure does not stop what follows', async () => {
  const store = await open('atomic')
  const { keys } = store.state
  await keys.set({ 'lid-mapping': { a: '1', b: '1' } })
  await database.pool.query(
    `create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
     create trigger refuse before delete on baileys_auth for each row when (old.id = 'b') execute function refuse()`,
  )
  const failed = keys.set({ 'lid-mapping': { a: '2', b: null } })
  await expect(failed).rejects.toThrow('refused')
  expect(await keys.get('lid-mapping', ['a', 'b'])).toEqual({ a: '1', b: '1' })
  await keys.set({ 'lid-mapping': { a: '3' } })
  expect(await keys.get('lid-mapping', ['a'])).toEqual({ a: '3' })
  await database.pool.query('drop trigger refuse on baileys_auth')
})

test('of writes to one key at the same time the last one stays, and each is as it was when asked for', async () => {
  const store = await open('order')
  const changing = { token: bytes(0) }
  const writes = Array.from({ length: 30 }, async (_, n) => {
    changing.token = bytes(n)
    await store.state.keys.set({ tctoken: { x: changing } })
  })
  changing.token = bytes(99)
  await Promise.all(writes)
  await store.settled()
  expect(await store.state.keys.get('tctoken', ['x'])).toEqual({ x: { token: bytes(29) } })
  await store.forget()
  expect(await store.state.keys.get('tctoken', ['x'])).toEqual({})
})

test('the gateway runs: it tells Pombo, connects again after a loss, and ends with nothing waiting', async () => {
  const whatsapp = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(whatsapp, 'listening')
  whatsapp.once('connection', (client) => client.once('message', () => client.close()))
  const receiver = await startReceiver()
  const bufferDir = mkdtempSync(join(tmpdir(), 'pombo-example-'))
  const gateway = spawn(process.execPath, [join(example, 'src/main.ts')], {
    env: {
      DATABASE_URL: database.url,
      POMBO_URL: receiver.url,
      POMBO_TOKEN: 'pombosrc_x',
      SESSION: 'loja',
      BUFFER_DIR: bufferDir,
      WHATSAPP_URL: `ws://127.0.0.1:${(whatsapp.address() as AddressInfo).port}`,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    let output = ''
    gateway.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const states = () =>
      receiver.events().map(({ data }) => (data as { connection?: string }).connection)
    await expect.poll(states).toEqual(['connecting', 'close', 'connecting'])
    expect(output).toContain('No connection to WhatsApp (428: Connection Terminated')
    expect(output).toContain('Session "loja": not paired yet')
    expect(output).not.toContain('"level"')
    const ended = once(gateway, 'close')
    gateway.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(states()).toEqual(['connecting', 'close', 'connecting', 'close'])
    expect(output).toMatch(/Pombo: \{.*"sent":4.*"state":"closed"/)
    expect(readdirSync(bufferDir)).toEqual(['cursor'])
  } finally {
    gateway.kill('SIGKILL')
    for (const client of whatsapp.clients) client.terminate()
    await new Promise((resolve) => whatsapp.close(resolve))
    await receiver.stop()
    rmSync(bufferDir, { recursive: true, force: true })
  }
})

test('a code to scan is drawn in the terminal and is session.qr_updated; a close is told with its reason', async () => {
  const pombo = await startPombo()
  const sock = { ...realEmitter(), end: async () => {} }
  const connection = connectBaileys(sock, {
    pombo: { url: pombo.url, token: pombo.key },
    session: 'qr',
  })
  try {
    const printed: string[] = []
    let opened = 0
    const close = ended(sock, new AbortController().signal, {
      onOpen: () => (opened += 1),
      print: (text) => printed.push(text),
    })
    sock.ev.emit('connection.update', { qr: '2@code,of,whatsapp' })
    sock.ev.emit('connection.update', { connection: 'open' })
    const error = Object.assign(new Error('Stream Errored'), { output: { statusCode: 515 } })
    sock.ev.emit('connection.update', {
      connection: 'close',
      lastDisconnect: { error, date: new Date() },
    })
    expect(await close).toEqual({ code: 515, message: 'Stream Errored' })
    expect(opened).toBe(1)
    expect(printed).toEqual([
      `${qrLines('2@code,of,whatsapp').join('\n')}\nScan it: WhatsApp, Linked devices, Link a device.`,
      expect.stringMatching(/^Connected as 5511988880000/),
    ])
    expect(await connection.flush({ timeoutMs: 20_000 })).toBe(true)
    const { body } = await pombo.call('GET', '/api/v1/app/qr/msg?with_content=true', {
      headers: { authorization: `Bearer ${pombo.key}` },
    })
    const told = body.data.find(
      ({ eventType }: { eventType: string }) => eventType === 'session.qr_updated',
    )
    expect(told.payload.qr.code).toBe('2@code,of,whatsapp')
  } finally {
    await connection.close()
    await pombo.stop()
  }
})

test.each([
  ['nothing is set', {}, 'Set DATABASE_URL and POMBO_TOKEN; see README.md.\n'],
  [
    'the database is not there',
    { DATABASE_URL: 'postgres://127.0.0.1:1/x', POMBO_TOKEN: 'y' },
    'The database of DATABASE_URL cannot be used: connect ECONNREFUSED 127.0.0.1:1\n',
  ],
])(
  'where %s it ends with what to do, in one line',
  async (_, env, said) => {
    const gateway = run(process.execPath, [join(example, 'src/main.ts')], { env })
    await expect(gateway).rejects.toMatchObject({ code: 1, stderr: said })
  },
  60_000,
)

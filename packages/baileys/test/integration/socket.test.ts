import type { AddressInfo } from 'node:net'
import { initAuthCreds, makeWASocket, type SignalDataTypeMap, type WASocket } from 'baileys'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { connectBaileys } from '../../src/connection.ts'
import { quiet } from '../real-baileys.ts'
import { type Receiver, startReceiver } from '../receiver.ts'

// Baileys' own socket, at a WebSocket server that is not WhatsApp: it gets as far as the first frame of the handshake.
let whatsapp: WebSocketServer
let receiver: Receiver

beforeEach(async () => {
  receiver = await startReceiver()
  whatsapp = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await new Promise((resolve) => whatsapp.once('listening', resolve))
})

afterEach(async () => {
  for (const client of whatsapp.clients) client.terminate()
  await new Promise((resolve) => whatsapp.close(resolve))
  await receiver.stop()
})

function openSocket(): WASocket {
  return makeWASocket({
    waWebSocketUrl: `ws://127.0.0.1:${(whatsapp.address() as AddressInfo).port}/ws/chat`,
    auth: {
      creds: initAuthCreds(),
      keys: {
        get: <T extends keyof SignalDataTypeMap>() => ({}) as Record<string, SignalDataTypeMap[T]>,
        set() {},
      },
    },
    logger: quiet,
    connectTimeoutMs: 5_000,
  })
}

/** The first frame of a socket's handshake, after which the server hangs up. */
async function hangUp(): Promise<Buffer> {
  return await new Promise((resolve) => {
    whatsapp.once('connection', (client) => {
      client.once('message', (frame: Buffer) => {
        client.close()
        resolve(frame)
      })
    })
  })
}

const updates = () =>
  receiver.events().map(
    ({ event, data }) =>
      [event, data] as [
        string,
        {
          connection?: string
          lastDisconnect?: { error: { output: { statusCode: number } }; date: string }
        },
      ],
  )

test('the real socket fits, and its life is told: connecting, and a close with its reason', async () => {
  const frame = hangUp()
  const sock = openSocket()
  const connection = connectBaileys(sock, {
    pombo: { url: receiver.url, token: 't' },
    session: 'loja',
  })
  expect((await frame).subarray(0, 2).toString()).toBe('WA')
  await expect.poll(() => updates().at(-1)?.[1].connection).toBe('close')

  expect(updates()[0]).toEqual([
    'connection.update',
    { connection: 'connecting', receivedPendingNotifications: false },
  ])
  const [name, close] = updates().at(-1)!
  expect(name).toBe('connection.update')
  expect(close.lastDisconnect?.error.output.statusCode).toBe(428)
  expect(Date.parse(close.lastDisconnect!.date)).toBeGreaterThan(Date.now() - 60_000)

  const again = hangUp()
  const next = openSocket()
  connection.attach(next)
  await again
  await expect
    .poll(() => updates().filter(([, data]) => data.connection === 'close').length, {
      timeout: 10_000,
    })
    .toBe(2)
  const stats = await connection.close()
  expect(stats).toMatchObject({ dropped: { total: 0 }, waiting: { events: 0 } })
  expect(JSON.stringify(receiver.batches)).not.toMatch(/noiseKey|advSecretKey|"private"/)
})

test('what the real socket buffers when it ends is not lost', async () => {
  const frame = hangUp()
  const sock = openSocket()
  const connection = connectBaileys(sock, {
    pombo: { url: receiver.url, token: 't' },
    session: 'loja',
  })
  sock.ev.buffer()
  sock.ev.emit('messages.upsert', {
    messages: [
      { key: { remoteJid: '5511999990001@s.whatsapp.net', remoteJidAlt: undefined, id: 'M1' } },
    ] as never,
    type: 'append',
  })
  await frame
  await expect.poll(() => updates().at(-1)?.[1].connection).toBe('close')
  expect(updates().map(([name]) => name)).toContain('messages.upsert')
  await connection.close()
})

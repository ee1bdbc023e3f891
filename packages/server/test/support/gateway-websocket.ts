// The websocket of go-whatsapp-web-multidevice: it answers FETCH_DEVICES, and says what it is told to say.
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'

export interface Gateway {
  url: string
  /** What LIST_DEVICES lists; null: it leaves the question unanswered. */
  devices: object[] | null
  /** Questions that came. */
  asked: number
  /** Connections made so far, and those that are open. */
  connections: number
  readonly open: number
  /** Headers of the last connection. */
  headers: Record<string, string | string[] | undefined>
  say(code: string, message: string, result?: unknown): void
  /** To the letter. */
  sayText(text: string): void
  /** Throws everyone out; who calls is let in again. */
  hangUp(): void
  close(): Promise<void>
}

export async function startGateway(devices: object[] | null = [], port = 0): Promise<Gateway> {
  const server = new WebSocketServer({ host: '127.0.0.1', port, path: '/ws' })
  await new Promise<void>((resolve) => server.once('listening', resolve))
  const gateway: Gateway = {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`,
    devices,
    asked: 0,
    connections: 0,
    get open() {
      return server.clients.size
    },
    headers: {},
    say: (code, message, result = null) =>
      gateway.sayText(JSON.stringify({ code, message, result })),
    sayText(text) {
      for (const client of server.clients) client.send(text)
    },
    hangUp() {
      for (const client of server.clients) client.terminate()
    },
    close: () =>
      new Promise((resolve) => {
        for (const client of server.clients) client.terminate()
        server.close(() => resolve())
      }),
  }
  server.on('connection', (client: WebSocket, request) => {
    gateway.connections += 1
    gateway.headers = request.headers
    client.on('message', (data: Buffer) => {
      const { code } = JSON.parse(data.toString()) as { code: string }
      if (code !== 'FETCH_DEVICES') return
      gateway.asked += 1
      if (gateway.devices !== null) gateway.say('LIST_DEVICES', 'Device found', gateway.devices)
    })
  })
  return gateway
}

// Stands in for Pombo: a real HTTP server on loopback that keeps what it takes, and can go away and come back.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface SentEvent {
  id: string
  event: string
  at: string
  data: unknown
}

export interface SentBatch {
  path: string
  headers: IncomingHttpHeaders
  text: string
  id: string
  me: object | undefined
  events: SentEvent[]
}

/** `reset`: the connection is cut after the body was taken in. */
export type Answer =
  | number
  | 'reset'
  | { status: number; headers?: Record<string, string>; body?: string }

export interface Receiver {
  readonly url: string
  /** What was answered 2xx, or with `reset`. */
  readonly batches: SentBatch[]
  events(): SentEvent[]
  /** How to answer; 200 unless set. */
  answer: (batch: SentBatch) => Answer
  goAway(): Promise<void>
  comeBack(): Promise<void>
  stop(): Promise<void>
}

export async function startReceiver(): Promise<Receiver> {
  const batches: SentBatch[] = []
  const sockets = new Set<Socket>()
  let server: Server | undefined
  let port = 0

  async function comeBack(): Promise<void> {
    server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const body = JSON.parse(text) as Pick<SentBatch, 'id' | 'me' | 'events'>
        const batch: SentBatch = {
          path: request.url!,
          headers: request.headers,
          text,
          id: body.id,
          me: body.me,
          events: body.events,
        }
        const given = receiver.answer(batch)
        if (given === 'reset') {
          batches.push(batch)
          request.socket.destroy()
          return
        }
        const {
          status,
          headers = {},
          body: answered,
        } = typeof given === 'number' ? { status: given } : given
        if (status < 300) batches.push(batch)
        response
          .writeHead(status, headers)
          .end(answered ?? (status < 300 ? taken(body.events) : ''))
      })
    })
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve) => server!.listen(port, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  }

  async function goAway(): Promise<void> {
    const gone = server
    server = undefined
    for (const socket of sockets) socket.destroy()
    if (gone) await new Promise((resolve) => gone.close(resolve))
  }

  const receiver: Receiver = {
    get url() {
      return `http://127.0.0.1:${port}`
    },
    batches,
    events: () => batches.flatMap(({ events }) => events),
    answer: () => 200,
    goAway,
    comeBack,
    stop: goAway,
  }
  await comeBack()
  return receiver
}

/** As Pombo answers. */
function taken({ length }: SentEvent[]): string {
  return JSON.stringify({ accepted: length, duplicate: 0, filtered: 0, skipped: 0 })
}

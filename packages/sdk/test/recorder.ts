import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface Recorded {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}

/** What to do with a request: an answer, `reset` for a cut connection, `hang` for none. */
export type Answer =
  | { status: number; headers?: Record<string, string>; body?: string }
  | 'reset'
  | 'hang'

export interface Recorder extends AsyncDisposable {
  url: string
  requests: Recorded[]
  /** Resolves when the next request has arrived. */
  arrival(): Promise<Recorded>
}

/** A real HTTP server on loopback that keeps what it gets and answers as told. */
export async function startRecorder(
  answer: (request: Recorded, index: number) => Answer,
): Promise<Recorder> {
  const requests: Recorded[] = []
  const sockets = new Set<Socket>()
  let waiting: ((request: Recorded) => void)[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const recorded = { method, url, headers, body: Buffer.concat(chunks).toString() }
      requests.push(recorded)
      for (const resolve of waiting) resolve(recorded)
      waiting = []
      const given = answer(recorded, requests.length - 1)
      if (given === 'reset') request.socket.destroy()
      else if (given !== 'hang') response.writeHead(given.status, given.headers).end(given.body)
    })
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    arrival: () => new Promise((resolve) => waiting.push(resolve)),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function json(value: unknown, status = 200): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}

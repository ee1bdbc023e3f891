// Receivers that misbehave, on loopback, one function for each way. They write raw bytes: an HTTP library would not
// let them.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

export type Receiver = {
  port: number
  url: string
  /** Connections taken so far. */
  connections(): number
  /** Requests whose head has arrived so far. */
  requests(): number
  /** Bytes handed to the network so far, over all connections. */
  bytesWritten(): number
  /** Resolves once every connection taken so far has been closed. */
  allClosed(): Promise<void>
  close(): Promise<void>
}

/** Answers one request; called when its head has arrived. `index` counts the requests of the connection from 0. */
export type Answerer = (socket: Socket, head: string, index: number) => unknown

export const host = '127.0.0.1'
export const okAnswer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** A receiver that reads request heads (and ignores the bodies) and leaves the answers to `answer`. */
export async function receive(answer: Answerer, tls?: TlsOptions): Promise<Receiver> {
  const sockets = new Set<Socket>()
  const closed: Promise<unknown>[] = []
  let connections = 0
  let requests = 0
  let bytesWrittenBefore = 0

  function onConnection(socket: Socket): void {
    connections += 1
    sockets.add(socket)
    closed.push(new Promise((resolve) => socket.once('close', resolve)))
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      bytesWrittenBefore += socket.bytesWritten
    })
    let unread = ''
    let index = 0
    socket.on('data', (chunk) => {
      unread += chunk.toString('latin1')
      const headEnd = unread.indexOf('\r\n\r\n')
      if (headEnd < 0 || !unread.startsWith('POST ')) return
      const head = unread.slice(0, headEnd)
      const bodyBytes = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
      unread = unread.slice(headEnd + 4 + bodyBytes)
      requests += 1
      answer(socket, head, index)
      index += 1
    })
  }

  const server: Server = tls ? createTlsServer(tls, onConnection) : createServer(onConnection)
  server.on('tlsClientError', () => {})
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `${tls ? 'https' : 'http'}://${host}:${port}/hook`,
    connections: () => connections,
    requests: () => requests,
    bytesWritten: () =>
      [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, bytesWrittenBefore),
    allClosed: async () => void (await Promise.all(closed)),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/**
 * Writes `chunk` again and again, as fast as the other side takes it, until it goes away or `totalBytes` are written.
 */
export function pour(socket: Socket, chunk: Buffer, totalBytes = Number.POSITIVE_INFINITY): void {
  let written = 0
  const more = () => {
    while (!socket.destroyed && written < totalBytes) {
      written += chunk.length
      if (!socket.write(chunk)) return
    }
  }
  socket.on('drain', more)
  more()
}

/** Writes the bytes one at a time. */
export function drip(socket: Socket, text: string, everyMs: number): void {
  let index = 0
  const timer = setInterval(() => {
    if (socket.destroyed || index === text.length) clearInterval(timer)
    else socket.write(text[index++]!)
  }, everyMs)
  socket.on('close', () => clearInterval(timer))
}

/** Runs `body` with the receiver, and closes it whatever happens. */
export async function withReceiver<T>(
  answer: Answerer,
  body: (receiver: Receiver) => Promise<T>,
  tls?: TlsOptions,
): Promise<T> {
  const receiver = await receive(answer, tls)
  try {
    return await body(receiver)
  } finally {
    await receiver.close()
  }
}

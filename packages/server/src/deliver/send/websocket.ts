// Opens websockets to gateways, past the address guard like every request that leaves (promise P6).
import type { Egress } from '../../core/egress.ts'
import { errorMessage } from '../../core/thrown.ts'
import type { Guard } from '../guard/guard.ts'
import { type Connect, createConnect } from './connect.ts'

export type SocketEvents = {
  onOpen(): void
  onText(text: string): void
  /** Once, whatever ended it; nothing comes after it. `why` is a sentence for people. */
  onClose(why: string): void
}

export type OpenedSocket = {
  send(text: string): void
  /** `onClose` is not called any more. */
  close(): void
}

/** `url` is ws: or wss:; a user and password in it become Basic authentication. Never throws. */
export type OpenSocket = (url: string, events: SocketEvents) => OpenedSocket

const openDeadlineMs = 15_000

/**
 * undici is 1.2 MB of code, loaded when the first gateway is called: few servers call any.
 *
 * undici's WebSocket and not Node's global one, which is the same code: a dispatcher has to be of the same version,
 * and without one the address could not be checked where it counts, at connect time.
 */
export function createSocketOpener(guard: Guard, egress?: Egress): OpenSocket {
  const connect = createConnect(guard, egress)
  return (url, events) => {
    let opened: OpenedSocket | undefined
    let over = false
    import('undici')
      .then((undici) => {
        if (!over) opened = open(undici, connect, url, events)
      })
      .catch((error: unknown) => {
        if (!over) events.onClose(errorMessage(error))
      })
    return {
      send: (message) => opened?.send(message),
      close() {
        over = true
        opened?.close()
      },
    }
  }
}

function open(
  { Client, WebSocket }: typeof import('undici'),
  connect: Connect,
  text: string,
  events: SocketEvents,
): OpenedSocket {
  const url = new URL(text)
  const secure = url.protocol === 'wss:'
  const origin = `${secure ? 'https:' : 'http:'}//${url.host}`
  let refusal: string | undefined
  let cancelConnect = (): void => {}
  const client = new Client(origin, {
    connect: ({ hostname, port }, callback) => {
      cancelConnect = connect(
        { hostname, port: port === '' ? (secure ? 443 : 80) : Number(port), secure },
        {
          onOpen: (socket) => callback(null, socket),
          onRefused({ detail }) {
            refusal = detail
            callback(new Error(detail), null)
          },
          onError(error) {
            refusal = error.message
            callback(error, null)
          },
        },
      )
    },
    allowH2: false,
    headersTimeout: openDeadlineMs,
    bodyTimeout: 0,
  })
  const headers: Record<string, string> = {}
  if (url.username !== '' || url.password !== '') {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
    headers['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`
    url.username = ''
    url.password = ''
  }
  const socket = new WebSocket(url, { dispatcher: client, headers })
  let over = false
  const end = (why: string | undefined): void => {
    if (over) return
    over = true
    clearTimeout(deadline)
    cancelConnect()
    client.destroy(null, () => {})
    if (why !== undefined) events.onClose(why)
  }
  const deadline = setTimeout(() => {
    end(`it did not answer within ${openDeadlineMs / 1000} s`)
  }, openDeadlineMs)
  socket.addEventListener('open', () => {
    clearTimeout(deadline)
    if (!over) events.onOpen()
  })
  socket.addEventListener('message', ({ data }) => {
    if (!over && typeof data === 'string') events.onText(data)
  })
  socket.addEventListener('error', ({ message }) => {
    refusal ??= message || undefined
  })
  socket.addEventListener('close', ({ code, reason }) => {
    end(refusal ?? `the gateway closed it (${code}${reason && `: ${reason}`})`)
  })
  return {
    send(message) {
      if (!over && socket.readyState === WebSocket.OPEN) socket.send(message)
    },
    close() {
      if (!over && socket.readyState === WebSocket.OPEN) socket.close(1000)
      end(undefined)
    },
  }
}

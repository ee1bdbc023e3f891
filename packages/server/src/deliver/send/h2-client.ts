// HTTP/2 to one receiver, one request after the other. Not undici's, which ends the process by an assertion when a
// connection is given up under a request (8.12), as every deadline does.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2'
import type { Socket } from 'node:net'
import {
  type AnswerHandler,
  errorOf,
  type OutgoingRequest,
  type RequestClient,
  unwritableCode,
} from './request-client.ts'

export class H2Client implements RequestClient {
  readonly #session: ClientHttp2Session
  /** It sees to that itself. */
  readonly idleMs = Number.POSITIVE_INFINITY

  /** @param onClose told once, when no further request can be sent */
  constructor(origin: string, socket: Socket, idleMs: number, onClose: () => void) {
    this.#session = connect(origin, { createConnection: () => socket })
    // Each is told to its request too, and where there is none nobody waits for it.
    this.#session.on('error', () => {})
    this.#session.once('close', onClose)
    this.#session.once('goaway', onClose)
    this.#session.setTimeout(idleMs, onClose)
  }

  get isUsable(): boolean {
    return !this.#session.closed && !this.#session.destroyed
  }

  dispatch({ method, path, headers, body }: OutgoingRequest, handler: AnswerHandler): void {
    let isOver = false
    let status = 0
    const fail = (error: Error): void => {
      if (isOver) return
      isOver = true
      handler.onError(error)
    }
    if (!handler.onStart()) return
    let stream: ClientHttp2Stream
    try {
      stream = this.#session.request({
        ...pairs(headers),
        ':method': method,
        ':path': path,
        'content-length': Buffer.byteLength(body),
      })
    } catch (error) {
      // What HTTP/2 alone does not take (`te`). Nobody above could catch it.
      return fail(errorOf(unwritableCode, (error as Error).message))
    }
    const answered = (fields: IncomingHttpHeaders): void => {
      status = Number(fields[':status'])
      if (!isOver) handler.onHead(status, plain(fields))
    }
    stream.on('headers', answered)
    stream.on('response', answered)
    stream.on('data', (chunk: Buffer) => {
      if (!isOver) handler.onBody(chunk)
    })
    stream.on('error', (error) => fail(cutShort(error.message)))
    stream.on('close', () => {
      if (isOver) return
      if (status < 200 || stream.rstCode !== constants.NGHTTP2_NO_ERROR || !stream.readableEnded)
        return fail(cutShort(`the stream was ended before its answer (code ${stream.rstCode})`))
      isOver = true
      return handler.onEnd()
    })
    stream.end(body)
    return undefined
  }

  destroy(): void {
    this.#session.destroy()
  }
}

/** As a connection of HTTP/1.1 that is reset, which is what it means. */
function cutShort(message: string): Error {
  return Object.assign(new Error(message), { code: 'ECONNRESET' })
}

function pairs(list: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (let at = 0; at < list.length; at += 2) headers[list[at]!.toLowerCase()] = list[at + 1]!
  return headers
}

/** Without what is HTTP/2's own (`:status`); repeated ones joined. */
function plain(fields: IncomingHttpHeaders): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(fields))
    if (!name.startsWith(':'))
      headers[name] = typeof value === 'string' ? value : (value?.join(', ') ?? '')
  return headers
}

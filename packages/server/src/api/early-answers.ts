import type { IncomingMessage } from 'node:http'

/**
 * What a client still sends behind an answer that it has got early, and for how long, before the connection is closed. Closed at once, with
 * unread bytes in it, the connection is reset, and the client sees a broken pipe in place of the answer.
 */
const maxRestBytes = 16 * 1_048_576
const maxRestMs = 10_000
const lookEveryMs = 100

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** Whether the client may still be sending while it is answered. */
export function isStillComing(request: IncomingMessage): boolean {
  return !request.complete && hasBody(request)
}

/**
 * Reads and drops the rest within bounds. Node drops what nobody reads once the answer is written, but without a bound; so this only
 * watches. The answer must not say `Connection: close`, for which Node closes at once.
 */
export function dropRest(request: IncomingMessage): void {
  const { socket } = request
  const bytesBefore = socket.bytesRead
  const untilMs = performance.now() + maxRestMs
  const timer = setInterval(() => {
    const over = performance.now() > untilMs || socket.bytesRead - bytesBefore > maxRestBytes
    if (over && !request.complete) socket.destroy()
    if (over || request.complete || socket.destroyed) clearInterval(timer)
  }, lookEveryMs)
  timer.unref()
}

import type { IncomingMessage } from 'node:http'

/**
 * How much of a body that is not wanted any more is read before its refusal is sent, and for how long. Answered and
 * closed at once, with unread bytes in it, the connection is reset, and a client that sends all before it reads sees
 * a broken pipe in place of the answer. Videos are sent to the wrong address, too, and bytes that are dropped cost
 * little. Node drops the rest by itself only where neither side wants to close, and without a bound.
 */
const maxRestBytes = 128 * 1_048_576
const maxRestMs = 30_000

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** Whether the client may still be sending while it is answered. */
export function isStillComing(request: IncomingMessage): boolean {
  return !request.complete && !request.destroyed && hasBody(request)
}

/** Reads and drops the rest; then, and at a bound, `done` with whether all of it came. */
export function dropRest(request: IncomingMessage, done: (whole: boolean) => void): void {
  let bytes = 0
  const finish = (): void => {
    clearTimeout(timer)
    request.off('data', count).off('end', finish).off('close', finish).off('error', finish)
    done(request.complete)
  }
  const count = (piece: Buffer): void => {
    bytes += piece.length
    if (bytes > maxRestBytes) finish()
  }
  const timer = setTimeout(finish, maxRestMs)
  request.on('data', count).on('end', finish).on('close', finish).on('error', finish).resume()
}

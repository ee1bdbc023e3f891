// What an error of the network, of TLS or of undici means.
import { codeOf, reasonOfCode } from '../../core/network-error.ts'
import type { Outcome, UnreachableReason } from '../../core/outcome.ts'
import type { Refusal } from './connect.ts'

export type FailureContext = {
  refusal: Refusal | null
  /** Of an answer that had begun. */
  statusCode: number | null
  /** The request went out on a connection that had served another before. */
  isReused: boolean
  durationMs: number
}

/** The code of the error an exchange fails with when it has had enough of 1xx answers. */
export const interimFloodCode = 'INTERIM_FLOOD'

/** What undici and the exchange say besides the network's own. */
const reasons: Record<string, UnreachableReason> = {
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
  // undici's word for a status that is no number of a status.
  ERR_ASSERTION: 'protocol',
  [interimFloodCode]: 'protocol',
}

/** undici's refusals to write a request. */
const unwritable = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
])

export function failureOf(error: Error, context: FailureContext): Outcome {
  const { refusal, durationMs } = context
  if (refusal) {
    return { kind: 'blocked', reason: refusal.reason, detail: refusal.detail, durationMs }
  }
  const code = codeOf(error)
  if (unwritable.has(code)) {
    return {
      kind: 'blocked',
      reason: 'request',
      detail: `cannot be sent: ${error.message}`,
      durationMs,
    }
  }
  const reason = reasonOf(code, error, context)
  return { kind: 'unreachable', reason, detail: detailOf(reason, code, error, context), durationMs }
}

function reasonOf(code: string, error: Error, { statusCode }: FailureContext): UnreachableReason {
  const known = reasons[code] ?? reasonOfCode(code)
  if (known) return known
  // undici names the parser's error class, but not always its code.
  if (error.name === 'HTTPParserError') return 'protocol'
  // A body cut short; or, before there is a status, a header with two lengths.
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH')
    return statusCode === null ? 'protocol' : 'closed'
  // undici says by the message alone whether the peer left or spoke out of turn (a 100, a 101, bytes unasked).
  if (code === 'UND_ERR_SOCKET') return error.message.startsWith('bad ') ? 'protocol' : 'closed'
  return 'network'
}

function detailOf(
  reason: UnreachableReason,
  code: string,
  error: Error,
  { statusCode, isReused }: FailureContext,
): string {
  const during = statusCode === null ? '' : ` in the middle of its ${statusCode} answer`
  switch (reason) {
    case 'dns':
      return `the name cannot be resolved (${code.slice('DNS_'.length)})`
    case 'connect-refused':
      return 'nothing accepts connections on that port (ECONNREFUSED)'
    case 'no-route':
      return `there is no way to that address (${code})`
    case 'tls':
      return `the TLS handshake failed: ${error.message} (${code})`
    case 'reset':
    case 'closed': {
      const verb = reason === 'reset' ? 'reset' : 'closed'
      if (during !== '') return `the receiver ${verb} the connection${during}`
      const where = isReused ? ', which had been kept open since an earlier request' : ''
      return `the receiver ${verb} the connection without an answer${where}`
    }
    case 'protocol': {
      const why = code === 'ERR_ASSERTION' ? 'it has no status' : error.message
      return `the answer is not proper HTTP/1.1${during}: ${why}`
    }
    case 'local':
      return `this machine has run out of sockets, ports or memory (${code})`
    case 'aborted':
      return 'the request was ended before it was answered'
    case 'network':
      return `${error.message}${code === '' ? '' : ` (${code})`}`
  }
}

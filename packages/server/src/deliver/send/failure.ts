// What an error of the network, of TLS or of undici means.
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

const reasons: Record<string, UnreachableReason> = {
  ECONNREFUSED: 'connect-refused',
  EHOSTUNREACH: 'no-route',
  ENETUNREACH: 'no-route',
  EHOSTDOWN: 'no-route',
  ENETDOWN: 'no-route',
  // The system's own limit for connecting, minutes; reached only when an attempt among several addresses is given up.
  ETIMEDOUT: 'no-route',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ECONNABORTED: 'reset',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
  [interimFloodCode]: 'protocol',
  EMFILE: 'local',
  ENFILE: 'local',
  ENOBUFS: 'local',
  ENOMEM: 'local',
  EADDRNOTAVAIL: 'local',
  EPROTO: 'tls',
  ABORT_ERR: 'aborted',
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

function codeOf(error: Error): string {
  if ('code' in error && typeof error.code === 'string') return error.code
  // Several addresses tried, several failures: the first stands for all.
  if (error instanceof AggregateError && error.errors[0] instanceof Error)
    return codeOf(error.errors[0])
  return ''
}

function reasonOf(code: string, error: Error, { statusCode }: FailureContext): UnreachableReason {
  const known = reasons[code]
  if (known) return known
  if (code.startsWith('DNS_')) return 'dns'
  // undici names the parser's error class, but not always its code.
  if (error.name === 'HTTPParserError') return 'protocol'
  // A body cut short; or, before there is a status, a header with two lengths.
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH')
    return statusCode === null ? 'protocol' : 'closed'
  if (code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_') || isCertificateCode(code))
    return 'tls'
  // undici says by the message alone whether the peer left or spoke out of turn (a 100, a 101, bytes unasked).
  if (code === 'UND_ERR_SOCKET') return error.message.startsWith('bad ') ? 'protocol' : 'closed'
  return 'network'
}

/** How OpenSSL's verification results begin, as Node names them. */
const certificateCodes =
  /^(?:CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_CERT_|INVALID_(?:CA|PURPOSE)|PATH_LENGTH_|HOSTNAME_)/

function isCertificateCode(code: string): boolean {
  return certificateCodes.test(code)
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
    case 'protocol':
      return `the answer is not proper HTTP/1.1${during}: ${error.message}`
    case 'local':
      return `this machine has run out of sockets, ports or memory (${code})`
    case 'aborted':
      return 'the request was ended before it was answered'
    case 'network':
      return `${error.message}${code === '' ? '' : ` (${code})`}`
  }
}

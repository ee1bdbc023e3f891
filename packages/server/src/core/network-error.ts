// What the codes of errors of the network and of TLS mean.
import type { UnreachableReason } from './outcome.ts'

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
  EMFILE: 'local',
  ENFILE: 'local',
  ENOBUFS: 'local',
  ENOMEM: 'local',
  EADDRNOTAVAIL: 'local',
  EPROTO: 'tls',
  ABORT_ERR: 'aborted',
}

/** How OpenSSL's verification results begin, as Node names them. */
const certificateCodes =
  /^(?:CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_CERT_|INVALID_(?:CA|PURPOSE)|PATH_LENGTH_|HOSTNAME_)/

/** Undefined: none of the network. */
export function reasonOfCode(code: string): UnreachableReason | undefined {
  const known = reasons[code]
  if (known) return known
  if (code.startsWith('DNS_')) return 'dns'
  if (code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_') || certificateCodes.test(code))
    return 'tls'
  return undefined
}

/** The code of an error, or of the first among several. */
export function codeOf(error: Error): string {
  if ('code' in error && typeof error.code === 'string') return error.code
  // Several addresses tried, several failures: the first stands for all.
  if (error instanceof AggregateError && error.errors[0] instanceof Error)
    return codeOf(error.errors[0])
  return ''
}

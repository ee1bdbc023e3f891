// What an error of the network, of TLS or of HTTP means.
import { codeOf, reasonOfCode } from '../../core/network-error.ts'
import type { Outcome, UnreachableReason } from '../../core/outcome.ts'
import { say } from '../../core/sentences/sentences.ts'
import type { Refusal } from './connect.ts'
import { closedCode, protocolCode, unwritableCode } from './request-client.ts'

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

/** What the clients and the exchange say besides the network's own. */
const reasons: Record<string, UnreachableReason> = {
  [protocolCode]: 'protocol',
  [closedCode]: 'closed',
  [interimFloodCode]: 'protocol',
}

export function failureOf(error: Error, context: FailureContext): Outcome {
  const { refusal, durationMs } = context
  if (refusal) {
    return { kind: 'blocked', reason: refusal.reason, detail: refusal.detail, durationMs }
  }
  const code = codeOf(error)
  if (code === unwritableCode) {
    return {
      kind: 'blocked',
      reason: 'request',
      detail: say('unwritable', { said: error.message }),
      durationMs,
    }
  }
  const reason = reasons[code] ?? reasonOfCode(code) ?? 'network'
  return { kind: 'unreachable', reason, detail: detailOf(reason, code, error, context), durationMs }
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
      return say('tls_failed', { said: error.message, code })
    case 'reset':
    case 'closed': {
      const verb = reason === 'reset' ? 'reset' : 'closed'
      if (during !== '') return `the receiver ${verb} the connection${during}`
      const where = isReused ? ', which had been kept open since an earlier request' : ''
      return `the receiver ${verb} the connection without an answer${where}`
    }
    case 'protocol':
      return statusCode === null
        ? say('not_http', { said: error.message })
        : say('not_http_within', { status: statusCode, said: error.message })
    case 'local':
      return `this machine has run out of sockets, ports or memory (${code})`
    case 'aborted':
      return 'the request was ended before it was answered'
    case 'network':
      return `${error.message}${code === '' ? '' : ` (${code})`}`
  }
}

/** What became of a message, in the words that HTTP deliveries have. */
import { codeOf, reasonOfCode } from '../core/network-error.ts'
import { LibraryMissing } from '../core/optional-library.ts'
import type { Outcome, UnreachableReason } from '../core/outcome.ts'
import { say } from '../core/sentences/sentences.ts'
import { Declined, declineStatuses } from './contract/declined.ts'
import { Refused } from './contract/network.ts'

const keptCharacters = 16_384

/** What can be told of answers that brokers do not give. */
const answer = { responseTruncated: false, responseHeaders: {} }

/** Confirmed: what a receiver that takes a POST says by 200. */
export function deliveredOutcome(said: string, durationMs: number): Outcome {
  return { kind: 'delivered', statusCode: 200, response: shown(said), ...answer, durationMs }
}

export function timedOutOutcome(phase: 'connect' | 'headers', durationMs: number): Outcome {
  const none = { statusCode: null, response: '', responseTruncated: false }
  return { kind: 'timed-out', phase, ...none, durationMs }
}

export function failedOutcome(error: unknown, durationMs: number): Outcome {
  if (error instanceof Refused) {
    const { reason, detail } = error.permission
    return { kind: 'blocked', reason, detail, durationMs }
  }
  if (error instanceof LibraryMissing)
    return { kind: 'failed', reason: 'library', detail: error.message, durationMs }
  if (error instanceof Declined) {
    const detail = shown(error.message)
    const statusCode = declineStatuses[error.reason]
    return {
      kind: 'refused',
      statusCode,
      response: '',
      ...answer,
      retryAfterMs: null,
      detail,
      durationMs,
    }
  }
  const { reason, detail } = explained(error)
  return { kind: 'unreachable', reason, detail, durationMs }
}

/** Of an error of the network, of TLS or of a client library: why, and in a sentence. */
export function explained(error: unknown): { reason: UnreachableReason; detail: string } {
  if (!(error instanceof Error)) return { reason: 'network', detail: shown(String(error)) }
  const code = codeOf(error) || (error.cause instanceof Error ? codeOf(error.cause) : '')
  const reason = reasonOfCode(code) ?? 'network'
  const text = shown(error.message || (error.cause instanceof Error ? error.cause.message : code))
  switch (reason) {
    case 'dns':
      return { reason, detail: `the name cannot be resolved (${code.replace(/^DNS_/, '')})` }
    case 'connect-refused':
      return { reason, detail: 'nothing accepts connections on that port (ECONNREFUSED)' }
    case 'no-route':
      return { reason, detail: `there is no way to that address (${code})` }
    case 'tls':
      return { reason, detail: say('tls_failed', { said: text, code }) }
    case 'reset':
      return { reason, detail: 'the other side reset the connection' }
    default:
      return { reason, detail: text }
  }
}

// oxlint-disable-next-line no-control-regex -- the database takes no U+0000, and a log line no breaks
const controls = /[\u0000-\u001f\u007f]+/g

function shown(text: string): string {
  return text.replaceAll(controls, ' ').slice(0, keptCharacters).toWellFormed()
}

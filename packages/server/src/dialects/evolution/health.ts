/** What the document counts: categories of errors, rates, and when the system is healthy. Pure. */
import type { Outcome } from '../../core/outcome.ts'

export const errorCategories = [
  'client_error',
  'server_error',
  'timeout',
  'network_error',
  'rate_limit_or_timeout',
  'unknown_error',
] as const
export type ErrorCategory = (typeof errorCategories)[number]

/** Of an outcome, or of what is kept of one. Null for a success. */
export function errorCategory(outcome: {
  kind: Outcome['kind']
  statusCode?: number | null
}): ErrorCategory | null {
  const { kind, statusCode } = outcome
  if (kind === 'delivered') return null
  if (kind === 'timed-out') return 'timeout'
  if (kind === 'unreachable') return 'network_error'
  // What Pombo itself refused to send was never tried.
  if (kind !== 'refused' || !statusCode) return 'unknown_error'
  if (statusCode === 408 || statusCode === 429) return 'rate_limit_or_timeout'
  if (statusCode >= 400 && statusCode < 500) return 'client_error'
  return statusCode >= 500 && statusCode < 600 ? 'server_error' : 'unknown_error'
}

export interface Totals {
  total: number
  successful: number
  failed: number
  retries: number
}

/** Per cent of `total`, to one decimal as the document shows them. Nothing sent is nothing failed. */
export function rates({ total, successful, failed, retries }: Totals) {
  return {
    successRate: total === 0 ? 100 : percent(successful, total),
    errorRate: total === 0 ? 0 : percent(failed, total),
    retryRate: total === 0 ? 0 : percent(retries, total),
  }
}

function percent(part: number, total: number): number {
  return Math.round((1000 * part) / total) / 10
}

/**
 * At least 95 % delivered, by the exact share and not the one shown, and fewer than 100 waiting for another
 * attempt.
 */
export function isHealthy(counts: {
  total: number
  successful: number
  pendingRetries: number
}): boolean {
  const { total, successful, pendingRetries } = counts
  return (total === 0 || successful * 100 >= total * 95) && pendingRetries < 100
}

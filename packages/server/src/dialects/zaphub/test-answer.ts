/** What a test of a webhook came to, in the document's two forms. Pure. */
import { builtInHttp } from '../../core/built-in-http.ts'
import type { Answer, Outcome, UnreachableReason } from '../../core/outcome.ts'

/** The document shows what Node's fetch throws. */
const networkErrors: { readonly [Reason in UnreachableReason]?: string } = {
  dns: 'ENOTFOUND',
  'connect-refused': 'ECONNREFUSED',
  'no-route': 'EHOSTUNREACH',
  reset: 'ECONNRESET',
  closed: 'UND_ERR_SOCKET',
  tls: 'ERR_TLS_HANDSHAKE',
  protocol: 'HPE_INVALID',
}

export function testAnswer(url: string, outcome: Outcome, maxBodyBytes: number) {
  switch (outcome.kind) {
    case 'delivered':
    case 'refused':
      return answered(url, outcome, maxBodyBytes)
    case 'timed-out':
      return failed(url, `no complete answer within the deadline (${outcome.phase})`, {
        errorType: 'TimeoutError',
        timeout: true,
        networkError: null,
      })
    case 'unreachable': {
      const networkError = networkErrors[outcome.reason] ?? null
      const reason = [networkError, outcome.detail].filter(Boolean).join(': ')
      return failed(url, reason, { errorType: 'TypeError', timeout: false, networkError })
    }
    case 'blocked':
    case 'failed':
      return failed(url, outcome.detail, {
        errorType: 'TypeError',
        timeout: false,
        networkError: null,
      })
  }
}

function answered(url: string, outcome: Answer & { kind: string }, maxBodyBytes: number) {
  const { statusCode, responseHeaders, response, durationMs } = outcome
  const ok = outcome.kind === 'delivered'
  const statusText = builtInHttp().STATUS_CODES[statusCode] ?? ''
  return {
    success: ok,
    data: {
      url,
      statusCode,
      statusText,
      ok,
      headers: responseHeaders,
      response: start(response, maxBodyBytes),
      latency: durationMs,
    },
    message: ok
      ? 'Webhook test successful'
      : `Webhook test failed: the endpoint answered ${statusCode} ${statusText}`.trimEnd(),
  }
}

function failed(
  url: string,
  reason: string,
  kind: { errorType: string; timeout: boolean; networkError: string | null },
) {
  const error = `request to ${url} failed, reason: ${reason}`
  return {
    success: false,
    data: { url, error, ...kind },
    message: `Webhook test failed: ${error}`,
  }
}

/** Cut between characters, not within one. */
function start(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text
  return Buffer.from(text)
    .subarray(0, bytes)
    .toString()
    .replace(/\uFFFD$/, '')
}

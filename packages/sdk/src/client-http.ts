import { excerpt, PomboApiError, readError } from './api-error.ts'
import { pause, readTimeout, startDeadline } from './deadline.ts'
import { type Query, queryText, readUrl } from './request-url.ts'
import { isPassing, retryAfterMs, retryWaitMs } from './retry.ts'

export interface ClientSettings {
  /** The server's address, such as `https://hooks.example.com`; a path before `/api/v1` is kept. */
  url: string
  apiKey: string
  /** Deadline of a whole call, its retries and their waits included. Default 30,000. */
  timeoutMs?: number
  /** After 429, 502, 503, 504 and lost connections. Default 4. */
  maxRetries?: number
  /** Default: the runtime's own. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>
}

export interface CallOptions {
  /** Ends the call, with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Deadline of this call, retries included. */
  timeoutMs?: number | undefined
}

export interface CreateOptions extends CallOptions {
  /**
   * The server answers a repeat of this key within 24 h as it did the first time. Default: a new one, the same for
   * all retries.
   */
  idempotencyKey?: string | undefined
}

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  query?: Query
  /** JSON text. */
  body?: string
  maxRetries?: number
}

/**
 * One call: resolves to the answer's JSON (undefined when it has none), rejects with PomboApiError or the signal's
 * reason.
 */
export type Call = <Answer>(request: ApiRequest, options?: CreateOptions) => Promise<Answer>

/** Throws a TypeError on settings that can never work. */
export function connect(settings: ClientSettings): Call {
  const base = readUrl(settings.url)
  if (!/^[\x21-\x7e]+$/.test(settings.apiKey ?? ''))
    throw new TypeError('apiKey must be the key as Pombo printed it: not empty, no blanks.')
  const defaultTimeoutMs = readTimeout(settings.timeoutMs ?? 30_000)
  const maxRetries = settings.maxRetries ?? 4

  return async <Answer>(request: ApiRequest, options: CreateOptions = {}): Promise<Answer> => {
    const name = `${request.method} ${request.path}`
    const timeoutMs =
      options.timeoutMs === undefined ? defaultTimeoutMs : readTimeout(options.timeoutMs)
    const url = base + request.path + queryText(request.query)
    const headers = headersOf(request, settings.apiKey, options.idempotencyKey)
    const deadline = startDeadline(name, timeoutMs, options.signal)
    const init: RequestInit = {
      method: request.method,
      headers,
      // Answering a redirect would repeat the key and the payload somewhere else, and turn a POST into a GET.
      redirect: 'manual',
      signal: deadline.signal,
      ...(request.body !== undefined && { body: request.body }),
    }
    try {
      for (let retry = 0; ; retry++) {
        const answer = await exchange<Answer>(settings.fetch, name, url, init)
        if (answer.ok) return answer.value
        const { error } = answer
        const waitMs = retryWaitMs(retry, error.retryAfterMs, Math.random)
        if (
          !mayPass(error) ||
          retry >= (request.maxRetries ?? maxRetries) ||
          waitMs >= deadline.leftMs()
        )
          throw error
        await pause(waitMs, deadline.signal)
      }
    } finally {
      deadline.end()
    }
  }
}

type Exchanged<Answer> = { ok: true; value: Answer } | { ok: false; error: PomboApiError }

async function exchange<Answer>(
  customFetch: ClientSettings['fetch'],
  name: string,
  url: string,
  init: RequestInit,
): Promise<Exchanged<Answer>> {
  const failed = (
    status: number,
    code: string,
    detail: string,
    cause?: unknown,
  ): Exchanged<Answer> => ({
    ok: false,
    error: new PomboApiError(name, status, { code, detail, cause }),
  })
  let response: Response
  let text: string
  try {
    // Not as a method of anything: browsers refuse a fetch whose `this` is not the window.
    response = await (customFetch ?? fetch)(url, init)
    text = await response.text()
  } catch (cause) {
    // Runtimes differ in what they throw on an abort; the reason is what the caller or the deadline gave.
    if (init.signal?.aborted) throw init.signal.reason
    return failed(0, 'network_error', messageOf(cause), cause)
  }
  const { status, headers } = response
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    const to = headers.get('location') ?? 'elsewhere'
    return failed(
      status,
      'redirect',
      `The server redirects to ${to}; set url to the address it answers at.`,
    )
  }
  if (!response.ok)
    return {
      ok: false,
      error: readError(name, status, text, retryAfterMs(headers.get('retry-after'), Date.now())),
    }
  if (text === '') return { ok: true, value: undefined as Answer }
  try {
    return { ok: true, value: JSON.parse(text) as Answer }
  } catch (cause) {
    return failed(status, 'bad_answer', `Not JSON, so not a Pombo server? ${excerpt(text)}`, cause)
  }
}

/** The answer may differ if the same is asked again a little later. */
function mayPass({ code, status }: PomboApiError): boolean {
  // In progress: the connection of the first try was lost, but the server is still at it.
  return code === 'network_error' || code === 'idempotency_in_progress' || isPassing(status)
}

/** Node's fetch says only "fetch failed" and puts what happened into the cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const inner = error.cause
  return inner instanceof Error ? `${error.message}: ${inner.message || inner.name}` : error.message
}

function headersOf(
  request: ApiRequest,
  apiKey: string,
  idempotencyKey: string | undefined,
): Record<string, string> {
  // Else fetch would refuse it, which looks like a lost connection.
  if (idempotencyKey !== undefined && !/^[\x20-\x7e]+$/.test(idempotencyKey))
    throw new TypeError('idempotencyKey must be printable ASCII and not empty.')
  return {
    accept: 'application/json',
    authorization: `Bearer ${apiKey}`,
    ...(request.body !== undefined && { 'content-type': 'application/json' }),
    ...(request.method === 'POST' && { 'idempotency-key': idempotencyKey ?? newKey() }),
  }
}

// Not randomUUID, which browsers have on secure pages only.
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return `auto_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

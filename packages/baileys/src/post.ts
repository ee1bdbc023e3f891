import { createHmac } from 'node:crypto'
import { retryAfterMs } from './backoff.ts'

export interface Target {
  /** `<pombo>/ingest/baileys/<session>` */
  url: string
  token: string
  /** What the source is set to have its requests signed with. */
  secret: string | undefined
  timeoutMs: number
  fetch: typeof fetch
}

/** What Pombo says became of the events of a request. */
export interface Answers {
  accepted: number
  duplicate: number
  filtered: number
  skipped: number
}

/**
 * `later`: Pombo is away or busy. `refused`: it does not know us, or there is no such path; someone has to mend it.
 * `rejected`: it cannot take this body, perhaps because of one event in it. `stopped`: by ourselves.
 */
export type Outcome =
  | { outcome: 'sent'; answers: Partial<Answers> }
  | { outcome: 'later' | 'refused'; detail: string; retryAfterMs: number | undefined }
  | { outcome: 'rejected' | 'too-large'; detail: string }
  | { outcome: 'stopped' }

export async function post(target: Target, body: string, stop: AbortSignal): Promise<Outcome> {
  const { url, token, secret, timeoutMs, fetch: send } = target
  const signal = AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)])
  try {
    const response = await send(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        ...(secret === undefined ? {} : { 'x-hub-signature-256': signature(body, secret) }),
      },
      body,
      redirect: 'manual',
      signal,
    })
    const text = await response.text()
    return judge(
      response.status,
      text,
      retryAfterMs(response.headers.get('retry-after'), Date.now()),
    )
  } catch (error) {
    if (stop.aborted) return { outcome: 'stopped' }
    return { outcome: 'later', detail: messageOf(error), retryAfterMs: undefined }
  }
}

function signature(body: string, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

function judge(status: number, text: string, waitMs: number | undefined): Outcome {
  if (status >= 200 && status < 300) return { outcome: 'sent', answers: answersIn(text) }
  const detail = `${status} ${text.replace(/\s+/g, ' ').slice(0, 300)}`.trim()
  if (status === 413) return { outcome: 'too-large', detail }
  // A 500 is a mistake of Pombo's own, which an event may have led it into.
  if (status === 400 || status === 422 || status === 500) return { outcome: 'rejected', detail }
  const passes = status === 408 || status === 425 || status === 429 || status > 500
  return { outcome: passes ? 'later' : 'refused', detail, retryAfterMs: waitMs }
}

function answersIn(text: string): Partial<Answers> {
  try {
    return (JSON.parse(text) as Partial<Answers> | null) ?? {}
  } catch {
    // A proxy's page: the status is what counts.
    return {}
  }
}

/** Node's fetch says only "fetch failed" and puts what happened into the cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const inner = error.cause
  return inner instanceof Error ? `${error.message}: ${inner.message || inner.name}` : error.message
}

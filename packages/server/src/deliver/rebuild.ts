/**
 * The request of an attempt, made again from what is kept: message, endpoint, and the attempt's number and time.
 * Formatting is pure, so it is what was sent, as long as the endpoint is what it was. Storing each request would cost
 * a payload an attempt.
 */
import type { Endpoint, Transform } from '../core/endpoint.ts'
import type { Message } from '../core/message.ts'
import type { DeliveryDialect, SignatureWords } from '../dialects/contract/delivery.ts'
import type { Claim } from '../queue/queue.ts'
import { batchRequest, rawProblem, requestOf, type Server } from './request.ts'
import type { TransformResult } from './transform/transform.ts'

/** Which attempt. `message` with its payload. */
export interface PastAttempt {
  message: Message & { payloadBytes: number }
  endpoint: Endpoint
  app: Claim['app']
  deliveryId: string
  /** 1 for the first. */
  number: number
  startedAtMs: number
}

export interface Rebuilt {
  url: string
  /** Names in lower case. */
  headers: Record<string, string>
  body: string
  signature: SignatureWords
}

export interface RebuildDeps {
  dialectOf: (name: Endpoint['dialect']) => DeliveryDialect
  transform: (transform: Transform, message: Message) => Promise<TransformResult>
  server: () => Server
  userAgent: string
}

/** @returns the request, or why there was none */
export async function rebuild(
  attempt: PastAttempt,
  deps: RebuildDeps,
): Promise<Rebuilt | { problem: string }> {
  const { endpoint, message } = attempt
  const dialect = deps.dialectOf(endpoint.dialect)
  const claim: Claim = {
    deliveryId: attempt.deliveryId,
    endpoint,
    app: attempt.app,
    message,
    payloadBytes: message.payloadBytes,
    attempt: attempt.number - 1,
    trigger: 0,
    ordered: false,
    leasedBy: '',
  }
  const { transform } = endpoint
  const made =
    transform && transform.enabled !== false ? await deps.transform(transform, message) : undefined
  if (made?.ok === false) return { problem: made.problem }
  const changed = { claim, ...made }
  const unfit = rawProblem(changed, dialect)
  if (unfit !== undefined) return { problem: unfit }
  const request = endpoint.batch
    ? batchRequest([changed], dialect, attempt.startedAtMs, deps.server())
    : requestOf(changed, dialect, attempt.startedAtMs, deps.server())
  return {
    url: request.url,
    headers: {
      ...(request.to === undefined && { 'user-agent': deps.userAgent }),
      ...request.headers,
      // Its value is shown to nobody, and this one has run out.
      ...(request.token && { authorization: 'Bearer' }),
    },
    body: request.body,
    signature: dialect.signature(endpoint),
  }
}

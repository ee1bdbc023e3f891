/** A broker's message as the request that the same gateway would have made. */
import { say } from '../../core/sentences/sentences.ts'
import { PomboError } from '../../core/error.ts'
import type { GatewayRequest, Parsed } from '../gateway/gateway.ts'
import { formFields, jsonValue } from '../gateway/request.ts'
import type { Source } from './settings.ts'

export function brokerRequest(
  { webhook, sessions }: Source,
  rawBody: Buffer,
  headers: Readonly<Record<string, string>>,
  receivedAtMs: number,
): GatewayRequest {
  return {
    method: 'POST',
    url: '/',
    query: {},
    headers: { 'content-type': 'application/json', ...headers },
    rawBody,
    session: sessions === 'any' ? (headers['pombo-app'] ?? null) : null,
    event: null,
    receivedAtMs,
    ...(webhook && { settings: webhook }),
  }
}

/** What is not even JSON is nobody's event, whichever gateway it is of. */
export async function refuseUnreadable(parsed: Parsed, request: GatewayRequest): Promise<void> {
  if (parsed.outcome !== 'unknown') return
  if (jsonValue(request.rawBody) !== undefined || (await formFields(request))) return
  throw new PomboError('validation', { detail: say('not_json') })
}

import type { GatewayRequest } from '../../src/sources/gateway/gateway.ts'

/** A request of a gateway, by POST, with what is not given left empty. */
export function gatewayRequest(
  given: Partial<GatewayRequest> & Pick<GatewayRequest, 'rawBody'>,
): GatewayRequest {
  const url = 'http://127.0.0.1/ingest'
  return {
    method: 'POST',
    url,
    query: {},
    headers: {},
    session: null,
    event: null,
    receivedAtMs: 0,
    ...given,
  }
}

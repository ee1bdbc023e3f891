import { sealContext } from '../../db/reseal.ts'
import type { Seal } from '../../db/seal.ts'
import type { EndpointDefaults } from '../../core/endpoint-defaults.ts'

/** As the row holds it: what is secret of a tenant's word for its endpoints apart, and sealed. */
export interface StoredDefaults {
  endpointDefaults: EndpointDefaults | null
  defaultHeaders: Buffer | null
}

export function sealDefaults(
  given: EndpointDefaults | null,
  tenantId: string,
  seal: Seal,
): StoredDefaults {
  if (given === null) return { endpointDefaults: null, defaultHeaders: null }
  const { headers, ...endpointDefaults } = given
  const context = sealContext('tenant_default_headers', tenantId)
  const defaultHeaders = headers ? seal.seal(JSON.stringify(headers), context) : null
  return { endpointDefaults, defaultHeaders }
}

/** @throws where the key that they are sealed under is not in the ring */
export function openDefaults(
  { endpointDefaults, defaultHeaders }: StoredDefaults,
  tenantId: string,
  seal: Seal,
): EndpointDefaults | null {
  if (defaultHeaders === null) return endpointDefaults
  const text = seal.open(defaultHeaders, sealContext('tenant_default_headers', tenantId))
  return { ...endpointDefaults, headers: JSON.parse(text) as Record<string, string> }
}

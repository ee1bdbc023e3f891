// Certificates of single endpoints: one context for each set of them, as reading one takes longer than a handshake.
import { createHash } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { latestUsed } from '../../core/latest-used.ts'
import type { Egress } from '../../core/egress.ts'
import type { EndpointTls } from '../../core/endpoint-access.ts'

const keys = new WeakMap<EndpointTls, string>()

/** The same for the same certificates, whichever object holds them; nothing of a key can be read from it. */
export function tlsKeyOf(tls: EndpointTls): string {
  const known = keys.get(tls)
  if (known !== undefined) return known
  const { ca, cert, key } = tls
  const made = createHash('sha256')
    .update(JSON.stringify([ca, cert, key]))
    .digest('base64url')
  keys.set(tls, made)
  return made
}

/** What `tls.connect` is given of certificates: the endpoint's own, or else those of all. */
export function createContexts(
  usual: Egress['tls'],
): (own: EndpointTls | undefined) => Egress['tls'] | { secureContext: SecureContext } {
  const contexts = latestUsed<string, SecureContext>(500)
  // Without authorities of its own Node's shared store is used, which costs nothing.
  let ofAll: SecureContext | undefined
  return (own) => {
    if (own === undefined) {
      if (usual.ca === undefined && usual.cert === undefined) return usual
      return { secureContext: (ofAll ??= createSecureContext(usual)) }
    }
    const key = tlsKeyOf(own)
    let secureContext = contexts.get(key)
    if (secureContext === undefined) {
      // An endpoint's own certificate comes with its own key, in place of both.
      secureContext = createSecureContext({ ...usual, ...own })
      contexts.set(key, secureContext)
    }
    return { secureContext }
  }
}

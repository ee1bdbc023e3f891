import type { Config } from '../config/config.ts'
import { createPayloadLinks } from '../core/payload-link.ts'
import { createPayloads } from '../db/payload.ts'
import { createSeal } from '../db/seal.ts'
import { loadOrMakeKeys } from '../db/seal-keys.ts'
import { createGuard } from '../deliver/guard/guard.ts'
import { openEgress } from '../deliver/send/egress.ts'
import { createNetwork } from '../deliver/send/network.ts'
import { createDestinations } from '../destinations/destinations.ts'
import { version } from '../version.ts'

/**
 * The encryption keys and what is derived from them, the guard that decides which addresses may be called, and what
 * leaves past it.
 */
export async function openSecurity(config: Config, serverUrl: () => string) {
  const keys = config.encryptionKeys ?? (await loadOrMakeKeys(config.dataDir))
  const seal = createSeal(keys)
  // The configuration itself, which may be read again.
  const guard = createGuard(config)
  const egress = openEgress(config)
  const network = createNetwork(config, egress)
  return {
    seal,
    /** Older keys are in use, so that values sealed with them must be sealed again. */
    rotating: keys.length > 1,
    guard,
    egress,
    network,
    destinations: createDestinations({ network, version }),
    /** Why this URL may not be called; undefined if it may. */
    urlProblem: (url: string): string | undefined => {
      const permission = guard.checkUrl(url)
      return permission.allowed ? undefined : permission.detail
    },
    personKeys: seal.derived('person keys'),
    payloads: createPayloads(seal),
    payloadLinks: createPayloadLinks(seal.derived('payload links'), serverUrl),
  }
}

export type Security = Awaited<ReturnType<typeof openSecurity>>

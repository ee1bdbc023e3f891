import type { Config } from '../config.ts'
import { createPayloadLinks } from '../core/payload-link.ts'
import { createPayloads } from '../db/payload.ts'
import { createSeal } from '../db/seal.ts'
import { loadOrMakeKeys } from '../db/seal-keys.ts'
import { createGuard } from '../deliver/guard/guard.ts'
import { openEgress } from '../deliver/send/egress.ts'

/** The encryption keys and what is derived from them, and the guard that decides which addresses may be called. */
export async function openSecurity(config: Config, serverUrl: () => string) {
  const keys = config.encryptionKeys ?? (await loadOrMakeKeys(config.dataDir))
  const seal = createSeal(keys)
  const guard = createGuard({ allowSubnets: config.allowSubnets, httpsOnly: config.httpsOnly })
  return {
    seal,
    /** Older keys are in use, so that values sealed with them must be sealed again. */
    rotating: keys.length > 1,
    guard,
    egress: openEgress(config),
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

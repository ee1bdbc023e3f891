import type { FastifyInstance } from 'fastify'
import { withBasePath } from '../core/base-path.ts'
import { whenThere } from '../core/when-there.ts'
import type { KeyHolder } from '../registry/keys/key.ts'
import type { Presented } from './access.ts'
import { csrfTokenOf } from './auth/session/cookie.ts'
import type { Gate } from './serve.ts'
import type { ApiDeps } from './deps.ts'
import { Idempotency } from './idempotency/idempotency.ts'

/** Base URL under which people reach this Pombo. */
export function serverUrlOf({ settings }: ApiDeps, app: FastifyInstance): string {
  return withBasePath(settings.serverUrl ?? app.listeningOrigin, settings.basePath ?? '')
}

export function gateOf(
  { registry, idempotency, log }: ApiDeps,
  serverUrl: () => string,
  stopping: AbortSignal,
): Gate {
  const { cache, tenants } = registry
  let operator: string | undefined
  const keys = new Idempotency(idempotency, stopping, (error) =>
    log.error({ err: error }, 'an idempotent answer could not be kept'),
  )
  return {
    once: keys.once.bind(keys),
    stopping,
    serverUrl,
    appIdOf: cache.appIdOf.bind(cache),
    present: (key) => whenThere(cache.key(key), presentedKey),
    presentSession: async (token) => presented(await cache.session(token), 'session', token),
    async operatorTenantId() {
      // The first tenant stays the first: ids grow with time.
      operator ??= (await tenants.list({ limit: 1, order: 'ascending' })).rows[0]?.id
      return operator
    },
  }
}

// The cache gives the same holder for each request of a key.
const presentedKeys = new WeakMap<KeyHolder, Presented>()

function presentedKey(found: KeyHolder | undefined): Presented {
  const known = found && presentedKeys.get(found)
  if (known) return known
  const made = presented(found, 'key')
  if (found) presentedKeys.set(found, made)
  return made
}

function presented(found: KeyHolder | undefined, what: string, token = ''): Presented {
  if (found === undefined)
    return {
      known: false,
      reason: what === 'key' ? 'This key is not known.' : 'This session has ended: sign in again.',
    }
  const { refused, name, sessionId, ...holder } = found
  if (refused !== null)
    return {
      known: false,
      reason: refused === 'revoked' ? 'This key was revoked.' : `This ${what} has expired.`,
    }
  const session = sessionId === null ? null : { id: sessionId, csrfToken: csrfTokenOf(token) }
  return { known: true, holder: { ...holder, keyName: name, session } }
}

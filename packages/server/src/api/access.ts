import { PomboError } from '../core/error.ts'
import { unauthenticated } from '../core/key-form.ts'
import type { KeyHolder } from '../registry/keys/key.ts'
import { say } from '../core/sentences/sentences.ts'

/**
 * `open`: anybody. `app`: also the tokens of one app, for that app. `tenant`: the tenant's keys. `operator`: keys of
 * the first tenant, which runs this Pombo.
 */
export type Access = 'open' | 'app' | 'tenant' | 'operator'

/** Who calls: a tenant, through one of its keys, or through a token that reaches one app. */
export interface Holder extends Omit<KeyHolder, 'name' | 'sessionId' | 'refused'> {
  keyName: string
  /** How somebody is signed in; null: the key itself was presented. */
  session: { id: string; csrfToken: string } | null
}

/** What became of a presented key. */
export type Presented = { known: true; holder: Holder } | { known: false; reason: string }

export const nobody: Holder = {
  tenantId: '',
  keyId: '',
  keyName: '',
  appId: null,
  featureFlags: null,
  role: 'read',
  session: null,
  expiresAtMs: null,
  use: null,
  pollerId: null,
}

/** What tokens that may do one thing only can call a path for. */
export type RouteUse = 'send' | 'poll' | 'any'

const only = { send: 'send_only', poll: 'poll_only' } as const

/** The key in the Authorization header; throws the 401 that says what is missing. */
export function bearerOf(header: string | undefined): string {
  if (header === undefined) throw unauthenticated(say('header_missing'))
  const [, presented] = /^Bearer +(\S+) *$/i.exec(header) ?? []
  if (presented === undefined) {
    throw unauthenticated(say('header_not_bearer'))
  }
  return presented
}

/** Refuses a caller who has a valid key but may not use a path of this kind. */
export function permit(
  access: Access,
  holder: Pick<Holder, 'tenantId' | 'appId' | 'use'>,
  operatorTenantId: string | undefined,
  use?: RouteUse,
): void {
  if (holder.use === 'send' || holder.use === 'poll') {
    if (use === holder.use || use === 'any') return
    throw new PomboError('permission_denied', { detail: say(only[holder.use]) })
  }
  if (access === 'tenant' && holder.appId !== null) {
    throw new PomboError('permission_denied', { detail: say('one_app_only') })
  }
  if (access === 'operator' && (holder.appId !== null || holder.tenantId !== operatorTenantId)) {
    throw new PomboError('permission_denied', { detail: say('operator_only') })
  }
}

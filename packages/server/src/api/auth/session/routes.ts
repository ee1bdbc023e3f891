import type { MaybeLater } from '../../../core/when-there.ts'
import { isoOrNull } from '../../../core/clock.ts'
import { PomboError } from '../../../core/error.ts'
import { showId } from '../../../core/id.ts'
import { bearerForm, type KeyForm, unauthenticated } from '../../../core/key-form.ts'
import type { Holder, Presented } from '../../access.ts'
import { showLook } from '../../portal/schema.ts'
import { portalSettingsOf } from '../../portal/store.ts'
import { empty, json, type Route, route } from '../../route.ts'
import type { Needs } from '../../route-deps.ts'
import { refusal } from '../../field.ts'
import { isSecure, noSessionCookies, refuseOtherSites, sessionCookie } from './cookie.ts'
import { FailedSignIns } from './failed-sign-ins.ts'
import { sessionIn, sessionOut } from './schema.ts'
import { say } from '../../../core/sentences/sentences.ts'

export type SessionDeps = Needs<
  'db' | 'clock' | 'registry' | 'operatorTenantId' | 'serverUrl' | 'version'
> & {
  present: (key: string) => MaybeLater<Presented>
  presentSession: (token: string) => Promise<Presented>
  /** Path below which it is reached; empty: at the root. */
  basePath: string
}

const tag = 'Session'
const path = '/api/v1/auth/session'
/** Of which HTTP knows no scheme: the path's other methods take Bearer. */
const inBody: KeyForm = { says: 'it as "token" in the body', challenge: bearerForm.challenge }
const out = { description: 'Who is signed in, and what may be done', body: sessionOut }

/** Signing in from a browser, with a key or a portal's token: the browser then holds a cookie. */
export function sessionRoutes(deps: SessionDeps): Route[] {
  const { registry, clock, serverUrl, basePath } = deps
  const cookiePath = basePath || '/'
  const failed = new FailedSignIns(clock)
  return [
    route({
      at: `POST ${path}`,
      id: 'v1.session.create',
      tag,
      summary: 'Sign in',
      description:
        'Sets a cookie that stands for the key until it expires or is revoked, 12 hours at most. ' +
        'What changes something by that cookie carries `X-Pombo-Csrf`.',
      access: 'open',
      idempotency: 'own',
      body: sessionIn,
      answers: {
        201: out,
        401: { description: 'The key does not count', body: refusal },
        403: { description: 'It comes from a page of another origin', body: refusal },
      },
      async handle({ body, request, reply }) {
        refuseOtherSites(request, serverUrl())
        failed.refuseTooMany(request.ip)
        const presented = await deps.present(body.token)
        if (!presented.known) {
          failed.note(request.ip)
          throw unauthenticated(presented.reason, inBody)
        }
        const { id, token, expiresAtMs } = await registry.sessions.create(presented.holder)
        const seconds = (expiresAtMs - clock.now()) / 1_000
        const embedded = body.embedded === true
        const secure = isSecure(request, serverUrl())
        const cookie = { embedded, secure, seconds, path: cookiePath }
        const others = embedded ? [] : noSessionCookies(cookiePath).slice(1)
        void reply.header('set-cookie', [...others, sessionCookie(token, cookie)])
        void reply.header('cache-control', 'no-store')
        const session = await deps.presentSession(token)
        if (!session.known) throw new Error(`session ${id} was made and is not found`)
        return json(201, await describe(deps, session.holder))
      },
    }),
    route({
      at: `GET ${path}`,
      id: 'v1.session.get',
      tag,
      summary: 'Who is signed in, and what may be done',
      access: 'app',
      answers: { 200: out },
      async handle({ holder, reply }) {
        void reply.header('cache-control', 'no-store')
        return json(200, await describe(deps, holder))
      },
    }),
    route({
      at: `DELETE ${path}`,
      id: 'v1.session.delete',
      tag,
      summary: 'Sign out',
      description: 'The session counts no longer, on any node, within a second.',
      access: 'app',
      answers: { 204: { description: 'Signed out' } },
      async handle({ holder, reply }) {
        if (holder.session === null)
          throw new PomboError('bad_request', { detail: say('no_session') })
        await registry.sessions.end(holder.tenantId, holder.session.id)
        void reply.header('set-cookie', noSessionCookies(cookiePath))
        return empty
      },
    }),
  ]
}

async function describe(deps: SessionDeps, holder: Holder) {
  const { registry, db } = deps
  const { tenantId, appId } = holder
  const [tenant, app, portal, operator] = await Promise.all([
    registry.tenants.get(showId('tenant', tenantId)),
    appId === null ? null : registry.apps.get(tenantId, showId('app', appId)),
    portalSettingsOf(db, tenantId),
    deps.operatorTenantId(),
  ])
  return {
    kind: appId === null ? 'account' : 'portal',
    role: holder.role,
    operator: appId === null && tenantId === operator,
    tenant: { id: showId('tenant', tenantId), name: tenant.name },
    app: app && { id: showId('app', app.id), uid: app.uid, name: app.name },
    key: { id: showId('key', holder.keyId), name: holder.keyName },
    featureFlags: holder.featureFlags,
    csrfToken: holder.session?.csrfToken ?? null,
    expiresAt: isoOrNull(holder.expiresAtMs),
    version: deps.version,
    portal: showLook(portal),
  }
}

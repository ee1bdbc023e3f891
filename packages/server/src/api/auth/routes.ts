import { z } from 'zod'
import { invalid } from '../../core/error.ts'
import { showId } from '../../core/id.ts'
import type { Role } from '../../core/role.ts'
import { existingOrNewApp } from '../apps/ensure.ts'
import { applicationIn } from '../apps/schema.ts'
import { component, together, whenever, nonEmpty, between } from '../field.ts'
import { role } from './session/schema.ts'
import { empty, json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { say } from '../../core/sentences/sentences.ts'

export type AuthDeps = Needs<'apps' | 'keys' | 'clock' | 'appIdOf' | 'serverUrl'>

const tag = 'Authentication'

const accessIn = z
  .object({
    application: applicationIn
      .nullish()
      .describe(
        'Creates the application that the path names by its uid, where it is missing; else it is ignored',
      ),
    expiry: between(3_600, 604_800)
      .nullish()
      .describe('Seconds that the token lasts; default 7 days'),
    featureFlags: z
      .array(z.string())
      .nullish()
      .describe('Event types with one of these flags are shown to the token'),
    readOnly: z.boolean().nullish().describe('The same as role `read`'),
    role: role.nullish().describe('What the token may do; null: everything'),
    capabilities: z
      .unknown()
      .refine((given) => given == null, say('not_offered_capabilities'))
      .optional()
      .meta({ type: 'null', description: 'Not offered' }),
    sessionId: z.string().max(256).nullish().describe("Kept as part of the token's name"),
  })
  .meta({
    id: 'AppPortalAccessIn',
    example: { role: 'operate', expiry: 3_600, featureFlags: ['beta'] },
    ...together(
      whenever(
        { required: ['readOnly'], properties: { readOnly: { const: true } } },
        { properties: { role: { enum: ['read', null] } } },
      ),
    ),
  })

const expireIn = component('ApplicationTokenExpireIn', {
  expiry: between(0, 604_800).nullish().describe('Seconds until they end; at once unless given'),
  sessionIds: z
    .array(nonEmpty(256))
    .max(1_000)
    .nullish()
    .describe('Only tokens of these sessions; null: all'),
})

const accessOut = z
  .object({
    token: z.string().describe('Reaches this application only'),
    url: z.string().meta({ format: 'uri' }),
  })
  .meta({
    id: 'AppPortalAccessOut',
    examples: [
      {
        token: 'pomboapp_qF2xJrO5',
        url: 'https://pombo.example.com/portal?tenant=tnt_01hzy3k9v2e8r5c7m4n6p8q0sa#token=pomboapp_qF2xJrO5',
      },
    ],
  })

const tokenName = (sessionId: string) => `app portal, session ${sessionId}`.slice(0, 256)

export function authRoutes(finder: AuthDeps): Route[] {
  const { keys, clock, serverUrl } = finder
  // The token in the fragment, which no server and no log ever sees; the tenant, so that its sites may frame the page.
  const opening = (tenantId: string, token: string) => ({
    token,
    url: `${serverUrl()}/portal?tenant=${showId('tenant', tenantId)}#token=${token}`,
  })
  return [
    route({
      at: 'POST /api/v1/auth/app-portal-access/{app_id}',
      id: 'v1.authentication.app-portal-access',
      tag,
      summary: 'Make a token that reaches one application only',
      access: 'tenant',
      app: 'any',
      body: accessIn.optional(),
      answers: {
        200: { description: 'The token, and an address that opens with it', body: accessOut },
      },
      async handle({ holder, params: { app_id }, body }) {
        const id = await existingOrNewApp(finder, holder.tenantId, app_id, body?.application)
        const { text } = await keys.createAppToken(holder.tenantId, id, {
          ...(body?.sessionId ? { name: tokenName(body.sessionId) } : {}),
          featureFlags: body?.featureFlags ?? [],
          role: roleIn(body),
          ...(body?.expiry == null ? {} : { expiresAtMs: clock.now() + body.expiry * 1_000 }),
        })
        return json(200, opening(holder.tenantId, text))
      },
    }),
    route({
      at: 'POST /api/v1/auth/dashboard-access/{app_id}',
      id: 'v1.authentication.dashboard-access',
      tag,
      summary: 'The same, as clients 1.x ask for it',
      access: 'tenant',
      answers: {
        200: { description: 'The token, and an address that opens with it', body: accessOut },
      },
      async handle({ holder, appId }) {
        const { text } = await keys.createAppToken(holder.tenantId, appId)
        return json(200, opening(holder.tenantId, text))
      },
    }),
    route({
      at: 'POST /api/v1/auth/logout',
      id: 'logout_api_v1_auth_logout__post',
      tag,
      summary: 'End the token of an application that makes this request',
      access: 'app',
      use: 'any',
      idempotency: 'own',
      answers: { 204: { description: 'It counts no longer' } },
      async handle({ holder }) {
        await keys.logout(holder)
        return empty
      },
    }),
    route({
      at: 'POST /api/v1/auth/app/{app_id}/expire-all',
      id: 'v1.authentication.expire-all',
      tag,
      summary: 'End all tokens of an application',
      access: 'tenant',
      body: expireIn.optional(),
      answers: { 204: { description: 'They count no longer' } },
      async handle({ holder, appId, body }) {
        const sessions = body?.sessionIds?.map(tokenName)
        for (let after: { id: string } | undefined; ; ) {
          const { rows, more } = await keys.list(
            holder.tenantId,
            { limit: 250, order: 'ascending', after },
            appId,
          )
          for (const { id, revokedAtMs, use, name } of rows) {
            // An integration's key ends with that.
            if (revokedAtMs !== null || use === 'integration') continue
            if (sessions == null || sessions.includes(name))
              await keys.expire(holder.tenantId, id, body?.expiry ?? 0)
          }
          after = rows.at(-1)
          if (!more) return empty
        }
      },
    }),
  ]
}

function roleIn(body: z.output<typeof accessIn> | undefined): Role | undefined {
  const { readOnly, role } = body ?? {}
  if (readOnly === true && role != null && role !== 'read')
    throw invalid(['body', 'role'], say('role_of_read_only'))
  return readOnly === true ? 'read' : (role ?? undefined)
}

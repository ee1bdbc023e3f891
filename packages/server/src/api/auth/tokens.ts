import { z } from 'zod'
import { iso, isoOrNull } from '../../core/clock.ts'
import { PomboError } from '../../core/error.ts'
import { showId } from '../../core/id.ts'
import type { Role } from '../../core/role.ts'
import type { KeyUse } from '../../registry/keys/key.ts'
import type { MadeKey } from '../../registry/keys/store.ts'
import { component, time, nonEmpty, between } from '../field.ts'
import { pathParameters } from '../path.ts'
import { cloudOnly, json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'

export type TokenDeps = Needs<'keys' | 'pollers' | 'tenants' | 'clock' | 'operatorTenantId'>

const tag = 'Authentication'
/** What they can do is named by their `use`. */
const role: Role = 'operate'
const seconds = between(60, 315_360_000)

export const tokenOut = component('ApiTokenOut', {
  id: z.string(),
  token: z.string().describe('The token itself, shown this once'),
  name: z.string(),
  createdAt: time,
  expiresAt: time.nullable(),
  scopes: z.array(z.string()).nullable(),
})

const createIn = z
  .object({
    name: nonEmpty(256),
    expiry: seconds.nullish().describe('Seconds that it lasts; null: until it is ended'),
  })
  .meta({ id: 'CreateTokenIn', examples: [{ name: 'shop', expiry: 86_400 }] })

const rotateIn = z
  .object({
    expiry: seconds.nullish().describe('Seconds that it lasts; null: until it is ended'),
    oldTokenExpiry: between(0, 604_800)
      .optional()
      .describe('Seconds that those before still count; 0 unless given'),
  })
  .meta({ id: 'RotatePollerTokenIn', examples: [{ expiry: null, oldTokenExpiry: 3_600 }] })

const whoamiOut = component('WhoamiOut', {
  tenantId: z.string(),
  tenantName: z.string(),
  keyId: z.string(),
  keyName: z.string(),
  appId: z.string().nullable().describe('The only one that it reaches; null: all'),
  use: z
    .enum(['send', 'poll', 'integration'])
    .nullable()
    .describe('What it is for alone: to send messages, or to poll; null: anything'),
  operator: z.boolean(),
  expiresAt: time.nullable(),
})

/** Who asks, and tokens that may do one thing only. */
export function tokenRoutes(deps: TokenDeps): Route[] {
  const { keys, pollers, tenants, clock } = deps
  const until = (given: number | null | undefined) =>
    given == null ? null : clock.now() + given * 1_000
  const ofPoller = { endpoint_id: pathParameters.sink_id }
  const pollerPath = '/api/v1/auth/app/{app_id}/poller/{endpoint_id}/token'
  return [
    route({
      at: 'GET /api/v1/auth/whoami',
      id: 'v1.authentication.whoami',
      tag,
      summary: 'Ask whose key this is, and what it reaches',
      access: 'app',
      use: 'any',
      answers: { 200: { description: 'The holder of the key', body: whoamiOut } },
      async handle({ holder }) {
        const [tenant, key, operator] = await Promise.all([
          tenants.get(holder.tenantId),
          keys.get(holder.tenantId, holder.keyId),
          deps.operatorTenantId(),
        ])
        return json(200, {
          tenantId: showId('tenant', tenant.id),
          tenantName: tenant.name,
          keyId: showId('key', key.id),
          keyName: key.name,
          appId: key.appId === null ? null : showId('app', key.appId),
          use: key.use,
          operator: key.appId === null && key.tenantId === operator,
          expiresAt: isoOrNull(key.expiresAtMs),
        })
      },
    }),
    route({
      at: 'POST /api/v1/auth/app/{app_id}/create-message-token',
      id: 'v1.authentication.create-message-token',
      tag,
      summary: 'Make a token that can only send messages to one application',
      description: cloudOnly,
      access: 'tenant',
      body: createIn,
      answers: { 200: { description: 'The token', body: tokenOut } },
      async handle({ holder, appId, body }) {
        const expiresAtMs = until(body.expiry)
        const options = { name: body.name, expiresAtMs, role, use: 'send' as const }
        return json(200, shown(await keys.createAppToken(holder.tenantId, appId, options)))
      },
    }),
    route({
      at: `GET ${pollerPath}`,
      params: ofPoller,
      id: 'v1.authentication.get-poller-token',
      tag,
      summary: 'Make the first token of a polling endpoint',
      description: `Of one that has a token it cannot be shown again: rotate it. ${cloudOnly}`,
      access: 'tenant',
      answers: {
        200: { description: 'The token', body: tokenOut },
        409: {
          description: 'It has one, which is not shown again',
          body: z.object({ code: z.string(), detail: z.string() }),
        },
      },
      async handle({ scope, params }) {
        const poller = await pollers.get(scope, params.endpoint_id)
        if (await keys.pollerHasToken(poller.id))
          throw new PomboError('conflict', {
            detail: `Tokens are shown once, when they are made; make another by POST ${pollerPath}/rotate.`,
          })
        return json(200, shown(await tokenFor(poller, null)))
      },
    }),
    route({
      at: `POST ${pollerPath}/rotate`,
      params: ofPoller,
      id: 'v1.authentication.rotate-poller-token',
      tag,
      summary: 'Make another token of a polling endpoint',
      description: `It can do nothing but read it. Those before end after \`oldTokenExpiry\`. ${cloudOnly}`,
      access: 'tenant',
      body: rotateIn,
      answers: { 200: { description: 'The token', body: tokenOut } },
      async handle({ scope, params, body }) {
        const poller = await pollers.get(scope, params.endpoint_id)
        await keys.endPollerTokens(poller, body.oldTokenExpiry ?? 0)
        return json(200, shown(await tokenFor(poller, until(body.expiry))))
      },
    }),
  ]

  async function tokenFor(
    { id, tenantId, appId }: { id: string; tenantId: string; appId: string },
    expiresAtMs: number | null,
  ): Promise<MadeKey> {
    const use: KeyUse = 'poll'
    const options = { name: `poller ${showId('poller', id)}`, expiresAtMs, role, use, pollerId: id }
    return await keys.createAppToken(tenantId, appId, options)
  }
}

export function shown({ key, text }: MadeKey): z.output<typeof tokenOut> {
  return {
    id: showId('key', key.id),
    token: text,
    name: key.name,
    createdAt: iso(key.createdAtMs),
    expiresAt: isoOrNull(key.expiresAtMs),
    scopes: key.use === null ? null : [key.use],
  }
}

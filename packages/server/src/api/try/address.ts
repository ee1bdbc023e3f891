import { z } from 'zod'
import { type Clock, iso } from '../../core/clock.ts'
import type { Outcome, Permission } from '../../core/outcome.ts'
import { describe } from '../../record/recorded.ts'
import { appId } from '../apps/schema.ts'
import { requireRole } from '../roles.ts'
import { json, type Route, route } from '../route.ts'

/** What decides about addresses, and what sends: deliver/'s, handed in. */
export interface AddressTrial {
  checkUrl: (url: string) => Permission
  resolve: (
    hostname: string,
    port: number,
  ) => Promise<
    { allowed: true; addresses: { address: string }[] } | Extract<Permission, { allowed: false }>
  >
  send: (request: {
    url: string
    body: string
    headers: Record<string, string>
    timeoutMs: number
  }) => Promise<Outcome>
}

const TIMEOUT_MS = 10_000

const addressIn = z
  .object({
    url: z
      .string()
      .min(1)
      .max(2_048)
      .meta({ examples: ['https://example.com/webhook'] }),
    send: z.enum(['none', 'event']).optional().meta({
      description: 'event: an unsigned test event is sent to it, which takes the role `operate`',
    }),
  })
  .meta({ id: 'AddressTrialIn' })

const text = z.string().nullable()
const addressOut = z
  .object({
    guard: z.object({ allowed: z.boolean(), reason: text, detail: text }),
    dns: z
      .object({ ok: z.boolean(), addresses: z.array(z.string()), problem: text })
      .nullable()
      .meta({ description: 'null where the address itself is refused' }),
    answer: z
      .object({
        delivered: z.boolean(),
        statusCode: z.int().nullable(),
        durationMs: z.int(),
        problem: text,
      })
      .nullable()
      .meta({ description: 'Of the test event; null where none was sent' }),
  })
  .meta({ id: 'AddressTrialOut' })

/** `POST …/try/address`: whether an endpoint could be at this address. */
export function tryAddressRoute({ trial, clock }: { trial: AddressTrial; clock: Clock }): Route {
  return route({
    method: 'POST',
    path: '/api/v1/app/{app_id}/try/address',
    id: 'v1.try.address',
    tag: 'Endpoint',
    summary: 'Check an address before an endpoint is made of it',
    description:
      'Whether it may be sent to and whether its name resolves; asked for, a test event is sent. What it answers is ' +
      'not shown, but for the status.',
    access: 'app',
    idempotency: 'own',
    params: z.object({ app_id: appId }),
    body: addressIn,
    answers: { 200: { description: 'What was found', body: addressOut } },
    async handle({ holder, body }) {
      if (body.send === 'event') requireRole(holder.role, 'operate')
      const permission = trial.checkUrl(body.url)
      if (!permission.allowed)
        return json(200, { guard: verdict(permission), dns: null, answer: null })
      const url = new URL(body.url)
      const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
      const resolved = await trial
        .resolve(url.hostname, port)
        .catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
      if (typeof resolved === 'string')
        return json(200, {
          guard: verdict({ allowed: true }),
          dns: { ok: false, addresses: [], problem: resolved },
          answer: null,
        })
      if (!resolved.allowed) return json(200, { guard: verdict(resolved), dns: null, answer: null })
      const addresses = resolved.addresses.map(({ address }) => address)
      const outcome = body.send === 'event' ? await trial.send(testEvent(body.url, clock)) : null
      return json(200, {
        guard: verdict({ allowed: true }),
        dns: { ok: true, addresses, problem: null },
        answer: outcome && {
          delivered: outcome.kind === 'delivered',
          statusCode: 'statusCode' in outcome ? outcome.statusCode : null,
          durationMs: Math.round(outcome.durationMs),
          problem: describe(outcome),
        },
      })
    },
  })
}

function verdict(permission: Permission) {
  return permission.allowed
    ? { allowed: true, reason: null, detail: null }
    : { allowed: false, reason: permission.reason, detail: permission.detail }
}

function testEvent(url: string, clock: Clock) {
  const body = JSON.stringify({
    type: 'pombo.test',
    timestamp: iso(clock.now()),
    data: { text: 'A test of this address, from Pombo.' },
  })
  return { url, body, headers: { 'content-type': 'application/json' }, timeoutMs: TIMEOUT_MS }
}

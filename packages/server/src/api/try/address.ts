import { z } from 'zod'
import { nonEmpty } from '../field.ts'
import { type Clock, iso } from '../../core/clock.ts'
import { type Outcome, type Permission, statusCodeOf } from '../../core/outcome.ts'
import { errorMessage } from '../../core/thrown.ts'
import { describe } from '../../record/recorded.ts'
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
    /** False: the connection is opened, and nothing is sent over it. */
    mayStart?: () => boolean
  }) => Promise<Outcome>
}

const TIMEOUT_MS = 10_000

const addressIn = z
  .object({
    url: nonEmpty(2_048).meta({ examples: ['https://example.com/webhook'] }),
    send: z
      .enum(['none', 'connect', 'event'])
      .optional()
      .describe(
        'connect: a connection is opened, with TLS where the address has it. event: an unsigned test event is sent ' +
          'to it as well. Both take the role `operate`.',
      ),
  })
  .meta({
    id: 'AddressTrialIn',
    examples: [{ url: 'https://example.com/webhook', send: 'event' }],
  })

const text = z.string().nullable()
const reason = text.describe('As the causes of failures have it: `dns`, `tls`, …')
const addressOut = z
  .object({
    guard: z.object({ allowed: z.boolean(), reason: text, detail: text }),
    dns: z
      .object({ ok: z.boolean(), addresses: z.array(z.string()), problem: text })
      .nullable()
      .describe('null where the address itself is refused'),
    connection: z
      .object({
        ok: z.boolean(),
        secure: z.boolean().describe('By TLS, with a certificate that is valid for it'),
        reason,
        problem: text,
      })
      .nullable()
      .describe('null where none was opened'),
    answer: z
      .object({
        delivered: z.boolean(),
        statusCode: z.int().nullable(),
        durationMs: z.int(),
        reason,
        problem: text,
      })
      .nullable()
      .describe('Of the test event; null where none was sent'),
  })
  .meta({
    id: 'AddressTrialOut',
    examples: [
      {
        guard: { allowed: true, reason: null, detail: null },
        dns: { ok: true, addresses: ['203.0.113.7'], problem: null },
        connection: { ok: true, secure: true, reason: null, problem: null },
        answer: {
          delivered: true,
          statusCode: 204,
          durationMs: 84,
          reason: null,
          problem: null,
        },
      },
    ],
  })

/** `POST …/try/address`: whether an endpoint could be at this address. */
export function tryAddressRoute({ trial, clock }: { trial: AddressTrial; clock: Clock }): Route {
  return route({
    at: 'POST /api/v1/app/{app_id}/try/address',
    id: 'v1.try.address',
    tag: 'Endpoint',
    summary: 'Check an address before an endpoint is made of it',
    description:
      'Whether it may be sent to and whether its name resolves; asked for, a test event is sent. What it answers is ' +
      'not shown, but for the status.',
    access: 'app',
    idempotency: 'own',
    body: addressIn,
    answers: { 200: { description: 'What was found', body: addressOut } },
    async handle({ holder, body }) {
      if (body.send === 'connect' || body.send === 'event') requireRole(holder.role, 'operate')
      const permission = trial.checkUrl(body.url)
      if (!permission.allowed) return json(200, { guard: verdict(permission), ...nothing })
      const url = new URL(body.url)
      const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
      const resolved = await trial.resolve(url.hostname, port).catch(errorMessage)
      if (typeof resolved === 'string')
        return json(200, {
          guard: verdict({ allowed: true }),
          ...nothing,
          dns: { ok: false, addresses: [], problem: resolved },
        })
      if (!resolved.allowed) return json(200, { guard: verdict(resolved), ...nothing })
      const addresses = resolved.addresses.map(({ address }) => address)
      const event = body.send === 'event'
      const outcome =
        event || body.send === 'connect'
          ? await trial.send({ ...testEvent(body.url, clock), mayStart: () => event })
          : null
      return json(200, {
        guard: verdict({ allowed: true }),
        dns: { ok: true, addresses, problem: null },
        connection: outcome && { secure: url.protocol === 'https:', ...connected(outcome) },
        answer:
          event && outcome
            ? {
                delivered: outcome.kind === 'delivered',
                statusCode: statusCodeOf(outcome),
                durationMs: Math.round(outcome.durationMs),
                reason: reasonOf(outcome),
                problem: describe(outcome),
              }
            : null,
      })
    },
  })
}

const nothing = { dns: null, connection: null, answer: null }

/** Whether a connection was open before anything else went wrong. */
function connected(outcome: Outcome) {
  const never =
    outcome.kind === 'blocked' ||
    (outcome.kind === 'timed-out' && outcome.phase === 'connect') ||
    (outcome.kind === 'unreachable' && unconnected.has(outcome.reason))
  return never
    ? { ok: false, reason: reasonOf(outcome), problem: describe(outcome) }
    : { ok: true, reason: null, problem: null }
}

function reasonOf(outcome: Outcome): string | null {
  if (outcome.kind === 'timed-out') return outcome.phase
  return 'reason' in outcome ? outcome.reason : null
}

const unconnected = new Set<string>([
  'dns',
  'connect-refused',
  'no-route',
  'tls',
  'local',
  'network',
])

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

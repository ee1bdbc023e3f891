/** A session: an app, with at most one endpoint that `webhook_url` makes. */
import { makeEndpoint } from '../contract/endpoint.ts'
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { invalid } from '../../core/error.ts'
import type { Caller, DialectApp } from '../contract/caller.ts'
import type { DialectPorts, EndpointChanges } from '../contract/ports.ts'

/** The uid of a session's endpoint. */
export const webhookUid = 'zaphub'

const webhookUrl = z.string().max(4_096).nullish()
const settings = {
  /** Null or empty: none. */
  webhook_url: webhookUrl,
  /** Beyond the document: names of its catalogue; null: all. */
  webhook_events: z.array(z.string().min(1).max(256)).min(1).max(200).nullish(),
  /** Beyond the document: signs from then on; null or empty: no signature. */
  webhook_secret: z.string().max(256).nullish(),
}

const label = z.string().trim().min(1).max(256)

export const sessionIn = z.object({
  /** Beyond the document, for sessions that have one already. */
  id: z
    .string()
    .regex(/^[a-zA-Z0-9\-_.]{1,256}$/, 'takes letters, digits and - _ .')
    .optional(),
  label: label.optional(),
  ...settings,
})

export const sessionPatch = z.object({ label: label.optional(), ...settings })

type WebhookIn = Pick<
  z.output<typeof sessionPatch>,
  'webhook_url' | 'webhook_events' | 'webhook_secret'
>

export async function createSession(
  ports: DialectPorts,
  caller: Caller,
  given: z.output<typeof sessionIn>,
  maxInFlight: number,
): Promise<DialectApp> {
  await checkWebhook(ports, caller, given, undefined)
  const uid = given.id ?? randomUUID()
  const app = await ports.apps.create(caller, { uid, name: given.label ?? uid })
  await setWebhook(ports, app, given, maxInFlight)
  return app
}

export async function patchSession(
  ports: DialectPorts,
  caller: Caller,
  app: DialectApp,
  given: z.output<typeof sessionPatch>,
  maxInFlight: number,
): Promise<DialectApp> {
  await checkWebhook(ports, caller, given, await ports.endpoints.find(app, webhookUid))
  const patched =
    given.label === undefined ? app : await ports.apps.patch(caller, app.id, { name: given.label })
  await setWebhook(ports, app, given, maxInFlight)
  return patched
}

export async function showSession(ports: DialectPorts, app: DialectApp) {
  const webhook = await ports.endpoints.find(app, webhookUid)
  return {
    id: idOf(app),
    label: app.name,
    webhook_url: webhook?.url ?? null,
    webhook_enabled: webhook !== undefined && !webhook.disabled,
    webhook_disabled_reason: webhook?.disabledReason ?? null,
    webhook_events: webhook?.eventTypes ?? null,
    webhook_signed: (webhook?.secrets.length ?? 0) > 0,
    created_at: iso(app.createdAtMs),
    updated_at: iso(Math.max(app.updatedAtMs, webhook?.updatedAtMs ?? 0)),
  }
}

export function idOf(app: DialectApp): string {
  return app.uid ?? app.id
}

/** Before anything is changed: what is wrong with the webhook must not leave half a session. */
async function checkWebhook(
  ports: DialectPorts,
  caller: Caller,
  given: WebhookIn,
  before: Endpoint | undefined,
): Promise<void> {
  if (given.webhook_url) {
    const problem = ports.urlProblem(given.webhook_url)
    if (problem !== undefined) throw invalid(['body', 'webhook_url'], problem)
  }
  const stays = given.webhook_url === undefined ? before !== undefined : Boolean(given.webhook_url)
  for (const name of ['webhook_events', 'webhook_secret'] as const)
    if (given[name] && !stays) throw invalid(['body', name], 'needs a webhook_url')
  await ports.endpoints.refuseUnknownTypes(caller, given.webhook_events, {
    at: ['body', 'webhook_events'],
    kept: before?.eventTypes ?? null,
  })
}

async function setWebhook(
  ports: DialectPorts,
  app: DialectApp,
  given: WebhookIn,
  maxInFlight: number,
): Promise<void> {
  const before = await ports.endpoints.find(app, webhookUid)
  const { webhook_url: url, webhook_events: eventTypes, webhook_secret: secret } = given
  if (url === null || url === '') {
    if (before) await ports.endpoints.delete(app, before.id)
    return
  }
  const changes: EndpointChanges = {
    // Whoever sets the URL wants it used, also where it was switched off for its failures.
    ...(url !== undefined && { url, disabled: false }),
    ...(eventTypes !== undefined && { eventTypes }),
    ...(secret !== undefined && { secret: secret || null }),
  }
  if (before) await ports.endpoints.patch(app, before.id, changes)
  else if (url !== undefined)
    await makeEndpoint(
      ports,
      app,
      { uid: webhookUid, dialect: 'zaphub' },
      { ...changes, url, maxInFlight },
    )
}

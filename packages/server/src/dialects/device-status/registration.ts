/** A device as it is registered and shown: an app whose uid is its hash, with one endpoint, the status webhook. */
import { makeEndpoint } from '../contract/endpoint.ts'
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { iso, isoOrNull } from '../../core/clock.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { invalid } from '../../core/error.ts'
import type { DeviceState } from '../contract/devices.ts'
import type { DialectApp } from '../contract/caller.ts'
import type { DialectPorts, EndpointChanges } from '../contract/ports.ts'
import { deviceHashOf } from './device.ts'
import { catalogue } from './events.ts'

/** The uid of a device's endpoint. */
export const webhookUid = 'status'
/** Tells devices from other apps. */
export const deviceMark = { dialect: 'device-status' } as const

/** Left out: as it is. Null or empty: none. */
export const deviceIn = z.object({
  statusWebhookUrl: z.string().nullish(),
  statusWebhookSecret: z.string().nullish(),
  gatewayUrl: z.string().nullish(),
})
export type DeviceIn = z.output<typeof deviceIn>

/** A device that moves here from another manager keeps its hash. */
export const newDeviceIn = deviceIn.extend({
  deviceHash: z
    .string()
    .regex(/^[0-9a-f]{16}$/, 'has 16 hex digits, in lower case')
    .optional(),
})

export function freshHash(): string {
  return randomBytes(8).toString('hex')
}

/** Everything that can be wrong is found before anything is made. */
export function checkDevice(ports: DialectPorts, given: DeviceIn, webhook: Endpoint | undefined) {
  const { statusWebhookUrl: url, statusWebhookSecret: secret, gatewayUrl } = given
  const problem = url ? ports.urlProblem(url) : undefined
  if (problem !== undefined) throw invalid(['body', 'statusWebhookUrl'], problem)
  const without = url === undefined ? webhook === undefined : !url
  if (secret && without)
    throw invalid(['body', 'statusWebhookSecret'], 'signs nothing without a statusWebhookUrl')
  const gatewayProblem = gatewayUrl ? ports.devices.gatewayProblem(gatewayUrl) : undefined
  if (gatewayProblem !== undefined) throw invalid(['body', 'gatewayUrl'], gatewayProblem)
}

export async function saveDevice(
  ports: DialectPorts,
  app: DialectApp,
  given: DeviceIn,
  webhook: Endpoint | undefined,
): Promise<void> {
  const { statusWebhookUrl: url, statusWebhookSecret: secret, gatewayUrl } = given
  const changes: EndpointChanges = { ...(secret !== undefined && { secret: secret || null }) }
  if (webhook && url !== undefined && !url) await ports.endpoints.delete(app, webhook.id)
  else if (webhook)
    await ports.endpoints.patch(app, webhook.id, { ...changes, ...(url && { url }) })
  else if (url) await createWebhook(ports, app, { ...changes, url })
  await ports.devices.save(app, gatewayUrl === undefined ? undefined : gatewayUrl || null)
}

async function createWebhook(
  ports: DialectPorts,
  app: DialectApp,
  changes: EndpointChanges & { url: string },
): Promise<void> {
  const fixed = {
    uid: webhookUid,
    dialect: 'device-status' as const,
    eventTypes: catalogue.map(({ name }) => name),
    // "connected" that comes after the "disconnected" that followed it would leave its receiver with the wrong state.
    ordering: 'key' as const,
  }
  await makeEndpoint(ports, app, fixed, changes)
}

export function showDevice(
  app: DialectApp,
  webhook: Endpoint | undefined,
  state: DeviceState | undefined,
) {
  const { last = null, socket = null } = state ?? {}
  return {
    deviceHash: deviceHashOf(app.uid ?? app.id),
    status: state?.status ?? 'disconnected',
    statusWebhookUrl: webhook?.url ?? null,
    statusWebhookSigned: (webhook?.secrets.length ?? 0) > 0,
    statusWebhookDisabled: webhook?.disabledReason ?? null,
    gatewayUrl: state?.gatewayUrl ?? null,
    gateway: socket && {
      connected: socket.sinceMs !== null,
      since: isoOrNull(socket.sinceMs),
      problem: socket.problem,
    },
    lastEvent: last && {
      type: last.type,
      code: last.code,
      message: last.message,
      timestamp: iso(last.atMs),
    },
    createdAt: iso(app.createdAtMs),
    updatedAt: iso(app.updatedAtMs),
  }
}

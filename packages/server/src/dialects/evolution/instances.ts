/** Instances and their webhooks: the main one that each has of its own, the global one, and the monitoring one. */
import type { Endpoint } from '../../core/endpoint.ts'
import { unlessTaken } from '../../core/error.ts'
import type { Caller, DialectApp } from '../contract/caller.ts'
import type { DialectPorts, EndpointChanges } from '../contract/ports.ts'
import { monitoringEvents } from './events.ts'
import type { EvolutionValues } from './settings.ts'
import { BY_HAND } from '../../core/disabled.ts'

/** Uids of an instance's endpoints. */
export const mainUid = 'evolution-main'
export const globalUid = 'evolution-global'
export const monitoringUid = 'evolution-monitoring'

/** Which endpoints carry business events. */
export const mainWebhooks = { dialect: 'evolution', exceptUids: [monitoringUid] } as const

/** In the metadata of apps that are instances. */
export const instanceMark = { evolution: 'instance' }

/** The instance of that name, made where it is missing, with the webhooks that the environment gives it. */
export async function ensureInstance(
  ports: DialectPorts,
  caller: Caller,
  name: string,
  values: EvolutionValues,
): Promise<DialectApp> {
  const found = await ports.apps.ensure(caller, name, { metadata: instanceMark }, [
    'path',
    'instance',
  ])
  const marked = found.metadata['evolution'] === instanceMark.evolution
  const app = marked
    ? found
    : await ports.apps.patch(caller, found.id, { metadata: { ...found.metadata, ...instanceMark } })
  await manageWebhooks(ports, app, values)
  return app
}

/**
 * Brings the environment's webhooks of an instance to what the environment says. They are the first tenant's, who
 * sets it.
 */
export async function manageWebhooks(
  ports: DialectPorts,
  app: DialectApp,
  values: EvolutionValues,
): Promise<void> {
  if (app.tenantId !== (await ports.operator()).tenantId) return
  await manage(ports, app, globalUid, values.globalEnabled ? values.globalUrl : undefined, {
    description: 'WEBHOOK_GLOBAL_URL',
    dialectOptions: values.globalByEvents ? { webhookByEvents: true } : {},
  })
  await manage(
    ports,
    app,
    monitoringUid,
    values.monitoringEnabled ? values.monitoringUrl : undefined,
    {
      description: 'WEBHOOK_MONITORING_URL',
      eventTypes: [...monitoringEvents],
      timeoutMs: values.monitoringTimeoutMs,
    },
  )
}

async function manage(
  ports: DialectPorts,
  app: DialectApp,
  uid: string,
  url: string | undefined,
  rest: EndpointChanges,
): Promise<void> {
  const found = await ports.endpoints.find(app, uid)
  if (url === undefined) {
    if (found && !found.disabled) await ports.endpoints.patch(app, found.id, { disabled: true })
    return
  }
  if (!found) {
    const made = { ...rest, uid, url, dialect: 'evolution' as const }
    // Another request may have made it at the same time.
    await unlessTaken(ports.endpoints.create(app, made))
    return
  }
  // One that deliveries showed to be dead stays disabled until it is another one.
  const switchedOn = found.disabled && found.disabledReason === BY_HAND
  if (found.url === url && !switchedOn && sameSettings(found, rest)) return
  await ports.endpoints.patch(app, found.id, { ...rest, url, disabled: false })
}

function sameSettings(endpoint: Endpoint, { timeoutMs, dialectOptions }: EndpointChanges): boolean {
  return (
    (timeoutMs === undefined || endpoint.timeoutMs === timeoutMs) &&
    JSON.stringify(endpoint.dialectOptions) === JSON.stringify(dialectOptions ?? {})
  )
}

/**
 * What the dialect does beside its requests: it keeps the environment's webhooks, and reports to the monitoring
 * one.
 */
import type { Caller, DialectApp } from '../contract/caller.ts'
import { iso } from '../../core/clock.ts'
import { PomboError } from '../../core/error.ts'
import { readId } from '../../core/id.ts'
import type { Signal } from '../../core/operational-types.ts'
import type { DialectPorts, BackgroundTask } from '../contract/ports.ts'
import { type StartupTask, startupTask } from '../contract/startup-task.ts'
import { eventName } from './events.ts'
import { instanceMark, mainWebhooks, manageWebhooks, monitoringUid } from './instances.ts'
import type { EvolutionValues } from './settings.ts'
import { countSounds } from './sounds.ts'

const pageSize = 200

/** Every node runs it; what it reports has a key, so that it is reported once. */
export function createBackgroundTask(ports: DialectPorts, values: EvolutionValues): BackgroundTask {
  let timer: NodeJS.Timeout | undefined
  let starting: StartupTask | undefined
  let reporting: Promise<void> | undefined

  async function bringUp(signal: AbortSignal): Promise<void> {
    for await (const app of instances(ports)) {
      if (signal.aborted) return
      await manageWebhooks(ports, app, values)
    }
    if (values.monitoringEnabled) await reportQueues(ports, values.monitoringIntervalMs)
  }

  function reportAgain(): void {
    reporting ??= reportQueues(ports, values.monitoringIntervalMs)
      .catch((error: unknown) =>
        ports.report(error, 'the monitoring webhook was not told of the queues'),
      )
      .finally(() => {
        reporting = undefined
      })
  }

  return {
    start() {
      starting = startupTask(
        ports,
        bringUp,
        'the webhooks of the environment could not be brought up to date',
      )
      if (values.monitoringEnabled) timer = setInterval(reportAgain, values.monitoringIntervalMs)
    },
    async stop() {
      clearInterval(timer)
      await starting?.stop()
      await reporting
    },
    ...(values.monitoringEnabled && { onSignal: (signal: Signal) => onSignal(ports, signal) }),
  }
}

/** Of the first tenant, whose the environment's webhooks are. */
async function* instances(ports: DialectPorts): AsyncGenerator<DialectApp> {
  const operator = await ports.operator()
  for (let offset = 0; ; offset += pageSize) {
    const query = { metadata: instanceMark, limit: pageSize, offset }
    const { rows, total } = await ports.apps.list(operator, query)
    yield* rows
    if (offset + rows.length >= total || rows.length === 0) return
  }
}

async function reportQueues(ports: DialectPorts, intervalMs: number): Promise<void> {
  const operator = await ports.operator()
  const { apps } = await ports.attempts.stats(operator, mainWebhooks)
  const counts = new Map(apps.map((one) => [one.app.id, one.counts]))
  const slot = Math.floor(ports.clock.now() / intervalMs)
  for await (const app of instances(ports)) {
    const { open = 0, delivered = 0, exhausted = 0 } = counts.get(app.id) ?? {}
    await report(ports, app, `stats ${intervalMs} ${slot}`, 'queue.stats', {
      queueSize: open,
      processedCount: delivered + exhausted,
      // No sound is left out for its length.
      audioFilterStats: {
        tooShort: 0,
        tooLong: 0,
        processed: await countSounds(ports, operator, app),
      },
    })
  }
}

/** To the instance's monitoring webhook and no other. Once for each key. */
async function report(
  ports: DialectPorts,
  app: DialectApp,
  key: string,
  event: string,
  data: object,
): Promise<void> {
  const endpoint = await ports.endpoints.find(app, monitoringUid)
  if (!endpoint || endpoint.disabled) return
  await ports.accept({
    tenantId: app.tenantId,
    appId: app.id,
    eventType: event,
    payload: JSON.stringify(data),
    onlyEndpointId: endpoint.id,
    dedupe: [{ kind: 'source', key: `evolution monitoring ${key}`, windowSeconds: 86_400 }],
  })
}

const events: Readonly<Record<string, string>> = {
  'message.attempt.exhausted': 'webhook.failed',
  'message.attempt.failing': 'error',
  'endpoint.circuit.opened': 'error',
  'endpoint.disabled': 'webhook.disabled',
}

async function onSignal(ports: DialectPorts, signal: Signal): Promise<void> {
  const event = events[signal.type]
  if (event === undefined) return
  try {
    const operator = await ports.operator()
    if (signal.tenantId !== operator.tenantId) return
    const found = await ports.endpoints.byId(operator, String(signal.data['endpointId']))
    // Of its own trouble the monitoring webhook is not told: each report that failed would make the next one.
    if (!found || found.endpoint.dialect !== 'evolution' || found.endpoint.uid === monitoringUid)
      return
    const app = await ports.apps.find(operator, String(signal.data['appId']))
    if (!app) return
    const data = await dataOf(ports, operator, app, found.endpoint.url, signal)
    await report(ports, app, `signal ${signal.id}`, event, data)
  } catch (error) {
    // To be told again. Anything else would come again for ever, and stop the operational events behind it.
    if (error instanceof PomboError && error.status === 503) throw error
    ports.report(error, 'the monitoring webhook was not told of something')
  }
}

async function dataOf(
  ports: DialectPorts,
  operator: Caller,
  app: DialectApp,
  webhookUrl: string,
  { type, data, atMs }: Signal,
): Promise<object> {
  const common = { type, webhookUrl, occurredAt: iso(atMs) }
  if (type === 'endpoint.disabled')
    return { ...common, reason: data['reason'] ?? null, trigger: data['trigger'] ?? null }
  if (type === 'endpoint.circuit.opened')
    return {
      ...common,
      message: 'The webhook fails again and again; nothing is sent to it for a while',
      consecutiveFailures: data['consecutiveFailures'] ?? null,
      nextProbeAt: data['nextProbeAt'] ?? null,
    }
  const found = await ports.messages.find(operator, app, String(data['msgId']))
  const endpointId = readId('endpoint', String(data['endpointId']))
  const delivery = found?.deliveries.find((one) => one.endpointId === endpointId)
  return {
    ...common,
    id: data['msgId'] ?? null,
    event: found ? eventName(found.message.eventType) : null,
    attempts: delivery?.attempts ?? null,
    statusCode: delivery?.lastAttempt?.statusCode ?? null,
    error: delivery?.lastAttempt?.error ?? null,
    reason: delivery?.reason ?? null,
  }
}

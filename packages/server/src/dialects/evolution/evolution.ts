import { doublingSchedule } from '../contract/schedule.ts'
import type { Dialect } from '../contract/dialect.ts'
import { catalogue, eventName } from './events.ts'
import { monitoringUid } from './instances.ts'
import { optionsProblem } from './options.ts'
import { body, url } from './payload.ts'
import { evolutionRoutes } from './routes.ts'
import type { EvolutionValues } from './settings.ts'
import { sign, signatureWords } from './signature.ts'
import { createBackgroundTask } from './background.ts'

/** All main webhooks keep to one rate, whichever instance's they are; the monitoring one is told in any case. */
function mainRate(perMinute: number): NonNullable<Dialect['sharedRate']> {
  const rate = { name: 'main', perMinute }
  return ({ uid }) => (uid === monitoringUid ? undefined : rate)
}

/**
 * The dialect of Evolution API with the document's two kinds of webhook, main and monitoring.
 * Throws where a webhook is switched on without saying where it is.
 */
export function createEvolution(values: EvolutionValues): Dialect {
  for (const [enabled, target, name] of [
    [values.globalEnabled, values.globalUrl, 'GLOBAL'],
    [values.monitoringEnabled, values.monitoringUrl, 'MONITORING'],
  ] as const)
    if (enabled && target === undefined)
      throw new Error(
        `WEBHOOK_${name}_ENABLED is true, but WEBHOOK_${name}_URL is not set: give the URL, or switch it off.`,
      )
  return {
    name: 'evolution',
    events: catalogue,
    retry: {
      scheduleMs: doublingSchedule(
        values.retryAttempts,
        values.retryDelayMs,
        values.retryMaxDelayMs,
      ),
      jitter: values.retryJitter,
      retryStatuses: values.retryStatuses,
    },
    timeoutMs: values.timeoutMs,
    eventName,
    optionsProblem,
    url,
    format: body,
    headers: () => ({}),
    sign,
    signature: signatureWords,
    ...(values.queueEnabled && { sharedRate: mainRate(values.queueRateLimit) }),
    routes: evolutionRoutes(values),
    background: (ports) => createBackgroundTask(ports, values),
  }
}

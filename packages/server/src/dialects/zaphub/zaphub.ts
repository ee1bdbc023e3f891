import type { Dialect } from '../contract/dialect.ts'
import { catalogue, eventName } from './events.ts'
import { attemptLine } from './log-line.ts'
import { body, headers } from './payload.ts'
import { zaphubRoutes } from './routes.ts'
import { scheduleOf, type ZaphubValues } from './settings.ts'
import { signBody } from './signature.ts'

/** The dialect of ZapHub, a gateway around Baileys. */
export function createZaphub(values: ZaphubValues): Dialect {
  return {
    name: 'zaphub',
    events: catalogue,
    retry: { scheduleMs: scheduleOf(values), jitter: 0, retryStatuses: 'all' },
    timeoutMs: values.timeoutMs,
    eventName,
    format: body,
    headers,
    sign: (_event, _endpoint, text, secrets) => signBody(text, secrets),
    routes: zaphubRoutes(values),
    attemptLine,
  }
}

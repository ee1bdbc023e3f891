import type { Dialect } from '../contract/dialect.ts'
import { hexWords } from '../contract/hex-hmac.ts'
import { catalogue, eventName } from './events.ts'
import { attemptLine } from './log-line.ts'
import { body, headers, signBody } from './payload.ts'
import { zaphubRoutes } from './routes.ts'
import { doublingSchedule } from '../contract/schedule.ts'
import type { ZaphubValues } from './settings.ts'

/** The dialect of ZapHub, a gateway around Baileys. */
export function createZaphub(values: ZaphubValues): Dialect {
  return {
    name: 'zaphub',
    events: catalogue,
    retry: {
      scheduleMs: doublingSchedule(values.retryAttempts, values.retryDelayMs),
      jitter: 0,
      retryStatuses: 'all',
    },
    timeoutMs: values.timeoutMs,
    eventName,
    format: body,
    headers,
    sign: (_event, _endpoint, text, secrets) => signBody(text, secrets),
    signature: () => hexWords('x-zaphub-signature', 'sha256=', '{body}'),
    routes: zaphubRoutes(values),
    attemptLine,
  }
}

/** The requests of this dialect, and the form of their refusals: `{success, data, message}`, as its answers have it. */
import type { DialectRoutes } from '../contract/dialect.ts'
import { sessionRoutes } from './session-routes.ts'
import type { ZaphubValues } from './settings.ts'
import { webhookRoutes } from './webhook-routes.ts'

export function zaphubRoutes(values: ZaphubValues): DialectRoutes {
  return {
    mount(app, ports) {
      sessionRoutes(app, ports, values)
      webhookRoutes(app, ports, values)
    },
    refusal: ({ code, message, problems }) => ({
      success: false,
      data: null,
      message,
      error: code,
      ...(problems.length > 0 && { problems }),
    }),
  }
}

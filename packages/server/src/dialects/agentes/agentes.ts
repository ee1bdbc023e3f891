import type { Dialect } from '../contract/dialect.ts'
import { hexWords, hmacHeader } from '../contract/hex-hmac.ts'
import { catalogue, eventName } from './events.ts'
import { body } from './payload.ts'
import { agentesRoutes } from './routes.ts'
import type { AgentesValues } from './settings.ts'
import { createBackgroundTask } from './background.ts'

/**
 * The dialect of Agentes de Conversão: domain events out of a database, an API or WhatsApp, to endpoints and n8n
 * workflows.
 */
export function createAgentes(values: AgentesValues): Dialect {
  return {
    name: 'agentes',
    events: catalogue,
    retry: {
      // 30 s doubled, which stays far below the document's ceiling of an hour.
      scheduleMs: [30, 60, 120, 240, 480].map((seconds) => seconds * 1000),
      jitter: 0.2,
      retryStatuses: 'all',
    },
    timeoutMs: 30_000,
    eventName,
    format: body,
    headers: (event) => ({
      'X-Webhook-Timestamp': timestampOf(event.nowMs),
      'User-Agent': 'AgentesDeConversao-Webhook/1.0',
    }),
    sign: ({ nowMs }, _endpoint, text, secrets) =>
      hmacHeader('X-Webhook-Signature', 'sha256=', secrets, timestampOf(nowMs), '.', text),
    signature: () => hexWords('x-webhook-signature', 'sha256=', '{x-webhook-timestamp}.{body}'),
    routes: agentesRoutes(values),
    background: (ports) => createBackgroundTask(ports, values),
  }
}

/** Whole seconds since the epoch, as the document's header has it. */
function timestampOf(nowMs: number): string {
  return String(Math.floor(nowMs / 1000))
}

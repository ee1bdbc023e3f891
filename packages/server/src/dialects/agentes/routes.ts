/** The requests of this dialect: endpoints, events, n8n's workflows, counts and health. */
import type { FastifyInstance } from 'fastify'
import type { DialectRoutes } from '../contract/dialect.ts'
import { sendJson } from '../contract/request.ts'
import { keyedRoutes } from '../contract/routes.ts'
import { endpointRoutes } from './endpoint-routes.ts'
import { eventRoutes } from './event-routes.ts'
import { catalogue } from './events.ts'
import { createHealth } from './health.ts'
import { organizationsOf } from './organizations.ts'
import type { RegisteredDeps } from './registered.ts'
import type { AgentesValues } from './settings.ts'
import { UserRate } from './user-rate.ts'
import { workflowRoutes } from './workflow-routes.ts'

export function agentesRoutes(values: AgentesValues): DialectRoutes {
  return {
    mount(app, ports) {
      const organizations = organizationsOf(ports, values.organization)
      const deps: RegisteredDeps = { ports, organizations, values }
      const rate = new UserRate(values.userRate, ports.clock, () => ports.liveNodes())
      const on = keyedRoutes(app, ports)
      endpointRoutes(on, deps)
      eventRoutes(on, deps, rate)
      workflowRoutes(on, deps, rate)
      monitoring(app, deps)
    },
    // As FastAPI, which the document's API is made with, writes them.
    refusal: ({ code, message, problems }) => ({
      detail: problems.length > 0 ? problems : message,
      code,
    }),
  }
}

function monitoring(app: FastifyInstance, { ports, values }: RegisteredDeps): void {
  const health = createHealth(ports, values)
  // Without a key: what watches a service seldom has one, and nothing is told but how it is.
  app.get('/api/webhooks/health', async (_request, reply) => sendJson(reply, 200, await health()))
  keyedRoutes(app, ports).get('/api/webhooks/stats', async (caller) => {
    const selection = { dialect: 'agentes' } as const
    const [{ waiting, retrying, sending }, { all }, workflows] = await Promise.all([
      ports.retries.queues(caller, selection),
      ports.attempts.stats(caller, selection),
      ports.endpoints.list(caller, { ...selection, metadata: { kind: 'n8n' }, limit: 1 }),
    ])
    const finished = all.delivered + all.exhausted
    return {
      status: 'active',
      queues: {
        high_priority: waiting.high,
        normal_priority: waiting.normal + waiting.low,
        retry: retrying,
      },
      processing_tasks: sending,
      supported_events: catalogue.map(({ name }) => name),
      n8n_integration: workflows.total > 0 ? 'active' : 'not_configured',
      deliveries: {
        delivered: all.delivered,
        failed: all.exhausted,
        retries: all.retries,
        success_rate: finished === 0 ? null : all.delivered / finished,
      },
    }
  })
}

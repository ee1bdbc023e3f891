import { timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { FastifyInstance } from 'fastify'
import { unauthenticated } from '../../core/key-form.ts'
import type { Health } from '../../observe/health.ts'
import type { Metrics } from '../../observe/metrics.ts'
import { bearerOf } from '../access.ts'
import { component, flag } from '../field.ts'
import { empty, json, type Route, route } from '../route.ts'

const tag = 'Health'

const healthOut = component('HealthOut', {
  ready: z.boolean(),
  checks: z.array(
    z.object({ name: z.string(), ok: z.boolean(), detail: z.string(), durationMs: z.number() }),
  ),
})

/** Svix's, which say no more than that the server answers, unless they are asked for more. */
export function healthRoutes(health: Pick<Health, 'ready'>): Route[] {
  const make = (path: `/${string}`, id: string, summary: string) =>
    route({
      at: `GET ${path}`,
      id,
      tag,
      summary,
      access: 'open',
      query: z.object({
        detail: flag.optional().describe('Answer what was looked at, as /readyz does'),
      }),
      answers: {
        200: { description: 'The parts, where they were asked for', body: healthOut },
        204: { description: 'It answers' },
      },
      handle: async ({ query }) =>
        query.detail === true ? json(200, await health.ready()) : empty,
    })
  return [
    make('/api/v1/health', 'v1.health.get', 'Whether the server answers'),
    make('/api/v1/health/ping', 'v1.health.ping', 'The same'),
  ]
}

export interface ProbeDeps {
  health: Health
  metrics: Pick<Metrics, 'render'> | undefined
  /** Where set, scrapes of the metrics have to bring it. */
  metricsToken: (() => string | undefined) | undefined
}

/** For orchestrators and scrapers: outside the API and its document. */
export function mountProbes(
  app: FastifyInstance,
  { health, metrics, metricsToken }: ProbeDeps,
): void {
  app.get('/livez', async () => health.live())
  app.get('/readyz', async (_request, reply) => {
    const state = await health.ready()
    return reply.code(state.ready ? 200 : 503).send(state)
  })
  if (metrics === undefined) return
  app.get('/metrics', async (request, reply) => {
    const token = metricsToken?.()
    if (token !== undefined && !same(bearerOf(request.headers.authorization), token)) {
      throw unauthenticated('This is not the token of POMBO_METRICS_TOKEN.')
    }
    const { type, text } = await metrics.render(request.headers.accept)
    return reply.type(type).header('vary', 'Accept').send(text)
  })
}

/** In a time that does not tell how much of it was right. */
function same(given: string, expected: string): boolean {
  const a = Buffer.from(given)
  const b = Buffer.from(expected)
  return a.length === b.length && timingSafeEqual(a, b)
}

import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { PomboError } from '../../core/error.ts'
import type { Health } from '../../observe/health.ts'
import type { Metrics } from '../../observe/metrics.ts'
import { z } from 'zod'
import { bearerOf } from '../access.ts'
import { empty, json, type Route, route } from '../route.ts'

const tag = 'Health'

const query = z.object({
  detail: z.enum(['true', 'false'], 'must be true or false').optional().meta({
    type: 'boolean',
    enum: undefined,
    default: false,
    description: 'Whether to answer with the parts of the server, and how each stands',
  }),
})

const parts = z
  .object({
    ready: z.boolean().meta({ description: 'All of them are well' }),
    checks: z.array(
      z.object({
        name: z.string().meta({ examples: ['database'] }),
        ok: z.boolean(),
        detail: z.string().meta({ description: 'What is there, or what is wrong' }),
        durationMs: z.int(),
      }),
    ),
  })
  .meta({ id: 'HealthOut' })

/** Svix's, which say no more than that the server answers. */
export function healthRoutes(health: Pick<Health, 'ready'>): Route[] {
  const make = (path: string, id: string, summary: string) =>
    route({
      method: 'GET',
      path,
      id,
      tag,
      summary,
      access: 'open',
      query,
      answers: {
        200: { description: 'It answers; with its parts, where they are asked for', body: parts },
        204: { description: 'It answers' },
      },
      handle: async ({ query }) =>
        query.detail === 'true' ? json(200, await health.ready()) : empty,
    })
  return [
    make('/api/v1/health', 'v1.health.get', 'Whether the server answers'),
    make('/api/v1/health/ping', 'v1.health.ping', 'The same'),
  ]
}

export interface ProbeDeps {
  health: Health
  metrics: Pick<Metrics, 'render' | 'contentType'> | undefined
  /** Where set, scrapes of the metrics have to bring it. */
  metricsToken: string | undefined
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
    if (
      metricsToken !== undefined &&
      !same(bearerOf(request.headers.authorization), metricsToken)
    ) {
      throw new PomboError('authentication_failed', {
        detail: 'This is not the token of POMBO_METRICS_TOKEN.',
      })
    }
    return reply.type(metrics.contentType).send(await metrics.render())
  })
}

/** In a time that does not tell how much of it was right. */
function same(given: string, expected: string): boolean {
  const a = Buffer.from(given)
  const b = Buffer.from(expected)
  return a.length === b.length && timingSafeEqual(a, b)
}

import { z } from 'zod'
import { type Clock, iso } from '../../core/clock.ts'
import { showId } from '../../core/id.ts'
import type { Pool } from '../../db/pool.ts'
import { time } from '../field.ts'
import type { QueuePictures } from '../overview/queue.ts'
import { KeptAnswers } from '../overview/kept.ts'
import { nodeOut, queueOut, showNode, showQueue } from '../overview/schema.ts'
import { readNodes } from '../overview/store.ts'
import { json, type Route, route } from '../route.ts'
import { type DayRow, readDatabase, readDays, readRetention } from './store.ts'

/** One variable of the configuration; a secret's value is masked before it comes here. */
export interface ShownSetting {
  variable: string
  value: string | undefined
  source: string
  secret: boolean
  description: string
}

export interface SystemDeps {
  db: Pool
  clock: Clock
  queue: QueuePictures
  version: string
  retentionDays: number
  /** Undefined where this node was not told. */
  configuration?: readonly ShownSetting[] | undefined
}

const count = z.number().min(0)

const systemOut = z
  .object({
    at: time,
    version: z.string(),
    schemaVersion: z.int().nullable(),
    nodes: z.array(nodeOut),
    queue: queueOut,
    database: z.object({
      version: z.string(),
      bytes: count,
      days: z.array(
        z.object({
          day: z.string().meta({ examples: ['2026-01-31'] }),
          bytes: count,
          messages: count.meta({ description: 'As the database last counted them' }),
          attempts: count,
        }),
      ),
    }),
    retention: z.object({
      days: z.int(),
      tenants: z.array(z.object({ id: z.string(), name: z.string(), days: z.int() })),
    }),
    configuration: z
      .array(
        z.object({
          variable: z.string(),
          value: z.string().nullable(),
          source: z.string(),
          secret: z.boolean(),
          description: z.string(),
        }),
      )
      .nullable()
      .meta({ description: 'Secrets are masked; null where several processes serve' }),
  })
  .meta({ id: 'SystemOut' })

/** `GET /api/v1/system`: what this Pombo is made of, for who runs it. */
export function systemRoute(deps: SystemDeps): Route {
  const { db, clock, queue, version, retentionDays, configuration } = deps
  const days = new KeptAnswers<DayRow[]>(clock)
  return route({
    method: 'GET',
    path: '/api/v1/system',
    id: 'v1.system.get',
    tag: 'System',
    summary: 'Nodes, queue, database by day, retention and configuration',
    access: 'operator',
    answers: { 200: { description: 'The system', body: systemOut } },
    async handle() {
      const [nodes, counted, database, kept, tenants] = await Promise.all([
        readNodes(db),
        queue.of({}),
        readDatabase(db),
        days.get('', async () => await readDays(db)),
        readRetention(db),
      ])
      return json(200, {
        at: iso(clock.now()),
        version,
        schemaVersion: database.schema,
        nodes: nodes.map(showNode),
        queue: showQueue(counted, clock.now()),
        database: {
          version: database.version,
          bytes: database.bytes,
          days: [...Map.groupBy(kept.value, ({ day }) => day)].map(([day, tables]) => ({
            day,
            bytes: tables.reduce((sum, { bytes }) => sum + bytes, 0),
            messages: tables.find(({ table }) => table === 'message')?.rows ?? 0,
            attempts: tables.find(({ table }) => table === 'attempt')?.rows ?? 0,
          })),
        },
        retention: {
          days: retentionDays,
          tenants: tenants.map(({ id, name, days }) => ({ id: showId('tenant', id), name, days })),
        },
        configuration:
          configuration?.map(({ variable, value, source, secret, description }) => ({
            variable,
            value: value ?? null,
            source,
            secret,
            description,
          })) ?? null,
      })
    },
  })
}

import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { showId } from '../../core/id.ts'
import type { Replica } from '../../db/replica.ts'
import { component, time } from '../field.ts'
import { KeptAnswers } from '../overview/kept.ts'
import { nodeOut, queueOut, showNode, showQueue } from '../overview/schema.ts'
import { json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import {
  type DayRow,
  type LoadedNode,
  readDatabase,
  readDays,
  readLoadedNodes,
  readRetention,
} from './store.ts'

/** One variable of the configuration; a secret's value is masked before it comes here. */
export interface ShownSetting {
  variable: string
  value: string | undefined
  source: string
  secret: boolean
  description: string
}

export type SystemDeps = Needs<'db' | 'clock' | 'queue' | 'version' | 'retentionDays'> & {
  /** Undefined where this node was not told. */
  configuration?: readonly ShownSetting[] | undefined
  replica?: Replica | undefined
}

const count = z.number().min(0)

const systemNode = nodeOut
  .extend({
    schemaVersion: z.int(),
    underWay: count.describe('Deliveries that it has in hand'),
  })
  .meta({ id: 'SystemNodeOut' })

const systemOut = component('SystemOut', {
  at: time,
  version: z.string(),
  schemaVersion: z.int().nullable(),
  nodes: z.array(systemNode),
  queue: queueOut,
  database: z.object({
    version: z.string(),
    bytes: count,
    days: z.array(
      z.object({
        day: z.string().meta({ examples: ['2026-01-31'] }),
        bytes: count,
        messages: count
          .nullable()
          .describe('As the database last counted them; null: it has not yet'),
        attempts: count.nullable(),
        partitions: z.array(z.object({ table: z.string(), bytes: count, rows: count.nullable() })),
      }),
    ),
  }),
  replica: z
    .object({
      used: z.boolean().describe('Lists and statistics are read from it now'),
      lagMs: count.nullable().describe('What it answers is no older; null: not known'),
      maxLagMs: count,
      problem: z.string().nullable().describe('Why it is not used'),
      since: time.describe('Since when it is used, or not'),
    })
    .nullable()
    .describe('What lists and statistics are read from; null: the primary'),
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
    .describe('Secrets are masked; null where this node was not told'),
})

/** `GET /api/v1/system`: what this Pombo is made of, for who runs it. */
export function systemRoute(deps: SystemDeps): Route {
  const { db, clock, queue, version, retentionDays, configuration, replica } = deps
  const days = new KeptAnswers<DayRow[]>(clock)
  // Reads all of `work`.
  const loaded = new KeptAnswers<LoadedNode[]>(clock)
  return route({
    at: 'GET /api/v1/system',
    id: 'v1.system.get',
    tag: 'System',
    summary: 'Nodes, queue, database by day, retention and configuration',
    access: 'operator',
    answers: { 200: { description: 'The system', body: systemOut } },
    async handle() {
      const [nodes, counted, database, kept, tenants] = await Promise.all([
        loaded.get('', async () => await readLoadedNodes(db)),
        queue.of({}),
        readDatabase(db),
        days.get('', async () => await readDays(db)),
        readRetention(db),
      ])
      return json(200, {
        at: iso(clock.now()),
        version,
        schemaVersion: database.schema,
        nodes: nodes.value.map((node) => ({
          ...showNode(node),
          schemaVersion: node.schemaVersion,
          underWay: node.underWay,
        })),
        queue: showQueue(counted, clock.now()),
        database: {
          version: database.version,
          bytes: database.bytes,
          days: [...Map.groupBy(kept.value, ({ day }) => day)].map(([day, tables]) => ({
            day,
            bytes: tables.reduce((sum, { bytes }) => sum + bytes, 0),
            messages: tables.find(({ table }) => table === 'message')?.rows ?? null,
            attempts: tables.find(({ table }) => table === 'attempt')?.rows ?? null,
            partitions: tables.map(({ table, bytes, rows }) => ({ table, bytes, rows })),
          })),
        },
        replica: showReplica(replica),
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

function showReplica(replica: Replica | undefined) {
  if (!replica) return null
  const { used, lagMs, problem, sinceMs } = replica.state
  return {
    used,
    lagMs: lagMs === null ? null : Math.ceil(lagMs),
    maxLagMs: replica.maxLagMs,
    problem,
    since: iso(sinceMs),
  }
}

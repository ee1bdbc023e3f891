import { z } from 'zod'
import { PomboError } from '../../core/error.ts'
import { readId, showId } from '../../core/id.ts'
import { component, idOrUid, time, wholeNumber } from '../field.ts'
import { json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { appInQuery } from '../traffic/app-in-query.ts'
import { readSessions, type SessionRow } from './store.ts'

export type SourceSessionDeps = Needs<'db' | 'clock' | 'appIdOf'>

const CONNECTED_MS = 600_000
const text = z.string().nullable()

const sessionOut = component('SourceSessionOut', {
  sourceId: z.string(),
  appId: z.string(),
  appUid: text,
  gateway: z.string(),
  name: z.string(),
  state: z
    .enum(['connected', 'quiet', 'silent', 'never'])
    .describe(
      'connected: an event came within ten minutes. silent: for longer than its source allows. never: none came yet',
    ),
  lastEventAt: time.nullable(),
  silentSince: time.nullable(),
  eventsPerMinute: z.number().describe('Of the last ten minutes'),
  unrecognised: z.int().describe('Of the last ten minutes'),
  device: z
    .object({
      status: text,
      lastType: text,
      lastCode: text,
      lastMessage: text,
      lastAt: time.nullable(),
    })
    .nullable()
    .describe('What the device last said, where it is followed'),
})

/** `GET /api/v1/source/session`: each gateway's sessions, at a glance. */
export function sourceSessionsRoute(deps: SourceSessionDeps): Route {
  return route({
    at: 'GET /api/v1/source/session',
    id: 'v1.source.list-sessions',
    tag: 'Source',
    summary: 'The sessions that gateways told of, the latest first',
    access: 'app',
    query: z.object({
      app_id: idOrUid.optional(),
      source_id: idOrUid.optional().describe('Only those of this source'),
      limit: wholeNumber(1, 250).optional().describe('100 unless given'),
    }),
    answers: {
      200: { description: 'The sessions', body: z.object({ data: z.array(sessionOut) }) },
    },
    async handle({ holder, query }) {
      const appId = await appInQuery(deps, holder, query.app_id)
      const sourceId = sourceIn(query.source_id)
      const meant = { tenantId: holder.tenantId, appId, sourceId }
      const rows = await readSessions(deps.db, meant, query.limit ?? 100)
      return json(200, { data: rows.map((row) => show(row, deps.clock.now())) })
    },
  })
}

function sourceIn(given: string | undefined): string | null {
  if (given === undefined) return null
  const id = readId('source', given)
  if (id === undefined) throw new PomboError('not_found', { what: 'source', id: given })
  return id
}

function show(row: SessionRow, nowMs: number): z.output<typeof sessionOut> {
  const at = (date: Date | null) => date?.toISOString() ?? null
  return {
    sourceId: showId('source', row.source_id),
    appId: showId('app', row.app_id),
    appUid: row.app_uid,
    gateway: row.gateway,
    name: row.name,
    state: stateOf(row, nowMs),
    lastEventAt: at(row.last_event_at),
    silentSince: at(row.silent_since),
    eventsPerMinute: row.events / 10,
    unrecognised: row.unrecognised,
    device:
      row.last_at === null && row.status === null
        ? null
        : {
            status: row.status,
            lastType: row.last_type,
            lastCode: row.last_code,
            lastMessage: row.last_message,
            lastAt: at(row.last_at),
          },
  }
}

function stateOf({ last_event_at: last, silent_since: silent }: SessionRow, nowMs: number) {
  if (silent !== null) return 'silent'
  if (last === null) return 'never'
  return nowMs - last.getTime() < CONNECTED_MS ? 'connected' : 'quiet'
}

import { z } from 'zod'
import { showId } from '../../../core/id.ts'
import { readersOf } from '../../../sources/broker/readers/store.ts'
import { sourceOf } from '../../../sources/intake/registered/row.ts'
import type { Sources } from '../../../sources/intake/registered/store.ts'
import { idOrUid, time } from '../../field.ts'
import { iteratorsById, listRoute } from '../../list.ts'
import type { Route } from '../../route.ts'
import type { Needs } from '../../route-deps.ts'
import { appInQuery } from '../../traffic/app-in-query.ts'
import { addressOf, showSource, sourceOut } from '../schema.ts'
import { listAllSources, type ListedSource } from './store.ts'

const listedSource = sourceOut
  .extend({
    appId: z.string(),
    appUid: z.string().nullable(),
    appName: z.string(),
    sessionCount: z.int().describe('Sessions that it told of'),
    eventsPerMinute: z.number().describe('Of the last ten minutes'),
    lastEventAt: time.nullable(),
    silentSince: time
      .nullable()
      .describe('Since when a session of it says nothing, for longer than it may'),
  })
  .meta({ id: 'ListedSourceOut' })

/** `GET /api/v1/source`: the sources of all applications. */
export function allSourcesRoute(
  deps: Needs<'db' | 'appIdOf' | 'serverUrl'> & { brokerOf: Sources['brokerOf'] },
): Route {
  const { db, serverUrl, brokerOf } = deps
  return listRoute({
    path: '/api/v1/source',
    id: 'v1.source.list-all',
    tag: 'Source',
    summary: 'List the sources of all applications, newest first',
    access: 'tenant',
    query: {
      app_id: idOrUid.optional().describe('Only those of this application'),
    },
    order: 'descending',
    iterators: iteratorsById('source', (row: ListedSource) => row.id),
    item: listedSource,
    page: 'A page of sources',
    async find({ holder, query }, cursor) {
      const appId = await appInQuery(deps, holder, query.app_id)
      return await listAllSources(db, { tenantId: holder.tenantId, appId }, cursor)
    },
    async show(rows) {
      const fed = rows.filter((row) => row.broker_sealed !== null).map(({ id }) => id)
      const readers = fed.length === 0 ? new Map() : await readersOf(db, fed)
      return rows.map((row) => ({
        ...showSource(
          sourceOf(row),
          addressOf(serverUrl(), row, row.app_uid ?? showId('app', row.app_id)),
          brokerOf(sourceOf(row)),
          readers.get(row.id),
        ),
        appId: showId('app', row.app_id),
        appUid: row.app_uid,
        appName: row.app_name,
        sessionCount: row.heard,
        eventsPerMinute: row.events / 10,
        lastEventAt: row.last_event_at?.toISOString() ?? null,
        silentSince: row.silent_since?.toISOString() ?? null,
      }))
    },
  })
}

import { showId } from '../../core/id.ts'
import type { Caller } from '../../dialects/contract/caller.ts'
import type {
  AttemptsPort,
  DeliveriesPort,
  DeliveryState,
  LogQuery,
  MessageQuery,
  MessagesPort,
  Selection,
} from '../../dialects/contract/delivery-log.ts'
import {
  attemptEntry,
  detailsOf,
  messageEntry,
  type Reading,
  readingOf,
  withAttempts,
} from './entries.ts'
import type { AttemptRow } from '../history/attempts/store.ts'
import { countAttempts, readAttempts } from '../history/endpoint-attempts/store.ts'
import { readMessages, type StoredMessage } from '../history/messages/store.ts'
import {
  type AppMessages,
  countAppMessages,
  countSealed,
  readAppMessages,
} from '../history/app-messages/store.ts'
import { countDeliveries } from '../history/counts/store.ts'
import {
  deliveriesOfMessage,
  type DeliveryRow,
  findDelivery,
  findUnmatched,
  readDeliveries,
} from '../history/deliveries/store.ts'
import { pageOf, type Position, timeSlices } from './time-slices.ts'
import { bounds, type PortDeps, positionOfDelivery, positionOfId, uuidFrom } from './ports.ts'
import { appOfMessage, selectApps } from './selection/store.ts'
import { readStats } from './stats.ts'
import { typesOf } from '../../dialects/event-types.ts'

const streamBatch = 2_000

export function attemptsPort(deps: PortDeps): AttemptsPort {
  const { db, clock } = deps
  async function scanOf(caller: Caller, query: Omit<LogQuery, 'limit'> & { failed?: boolean }) {
    const reading = await readingOf(deps, caller, query)
    const span = {
      endpointIds: reading.endpointIds,
      eventTypes: reading.eventTypes,
      failed: query.failed,
    }
    const scan = {
      ...bounds(query, clock.now()),
      batch: streamBatch,
      positionOf: (row: AttemptRow) => positionOfId(row),
      read: async ({ id: below }: Position, above: string, limit: number) =>
        reading.endpointIds.length === 0
          ? []
          : await readAttempts(db, span, { below, above }, limit),
    }
    return { reading, span, scan }
  }
  return {
    async list(caller, query) {
      const { reading, scan } = await scanOf(caller, query)
      const { rows, next } = await pageOf(scan, query.limit, query.offset)
      return { rows: rows.map((row) => attemptEntry(row, reading.endpoints)), next }
    },
    async count(caller, query) {
      const { span, scan } = await scanOf(caller, query)
      return await countAttempts(db, span, scan.sinceMs, query.untilMs)
    },
    async *stream(caller, query) {
      const { reading, scan } = await scanOf(caller, query)
      for await (const rows of timeSlices(scan))
        yield rows.map((row) => attemptEntry(row, reading.endpoints))
    },
    stats: async (caller, query) => await readStats(deps, caller, query),
  }
}

export function deliveriesPort(deps: PortDeps): DeliveriesPort {
  const { db, clock } = deps
  return {
    async list(caller, query) {
      const reading = await readingOf(deps, caller, query)
      const span = {
        ...reading,
        appIds: await appIdsOf(deps, caller, reading, query),
        states: query.states ?? null,
      }
      const { rows, next } = await pageOf(
        {
          ...bounds(query, clock.now()),
          positionOf: (row: DeliveryRow) => positionOfDelivery(row),
          read: async (...slice) => await readDeliveries(db, span, ...slice),
        },
        query.limit,
        query.offset,
      )
      return { rows: await withAttempts(deps, caller, reading, rows), next }
    },
    async count(caller, query) {
      const { endpointIds } = await readingOf(deps, caller, query)
      return await countDeliveries(db, endpointIds)
    },
    async find(caller, text, selection = {}) {
      const id = uuidFrom('delivery', text)
      if (id === undefined) return undefined
      const reading = await readingOf(deps, caller, selection)
      const row =
        (await findDelivery(db, reading.endpointIds, id)) ??
        (await findUnmatched(db, await appIdsOf(deps, caller, reading, selection), id))
      if (!row) return undefined
      const [detail] = await detailsOf(deps, caller, reading, [row], 'response')
      return detail
    },
  }
}

export function messagesPort(deps: PortDeps): MessagesPort {
  const { db, clock, registry, dialects } = deps
  const appWithin = async (caller: Caller, appId: string) =>
    caller.appId !== null && caller.appId !== appId
      ? undefined
      : (await registry.cache.routes(caller.tenantId, appId))?.app
  const filterOf = (query: Omit<MessageQuery, 'limit'>): AppMessages => {
    const { appId, eventTypes, unmatched, prefixes, exceptPrefixes, contentType } = query
    const types = new Set<string>()
    for (const dialect of dialects.values())
      for (const type of typesOf(dialect, eventTypes) ?? []) types.add(type)
    const named = eventTypes === undefined ? null : [...types]
    return { appId, eventTypes: named, unmatched, prefixes, exceptPrefixes, contentType }
  }
  return {
    async list(caller, query) {
      const app = await appWithin(caller, query.appId)
      if (!app) return { rows: [], next: null }
      const filter = filterOf(query)
      const { rows, next } = await pageOf(
        {
          ...bounds(query, clock.now()),
          positionOf: (row: StoredMessage) => positionOfId(row),
          read: async (...slice) => await readAppMessages(db, filter, ...slice),
        },
        query.limit,
      )
      return { rows: rows.map((row) => messageEntry(row, app)), next }
    },
    async count(caller, query) {
      if (!(await appWithin(caller, query.appId))) return 0
      const { sinceMs, untilMs } = bounds(query, clock.now())
      const filter = filterOf(query)
      const { contentType } = filter
      const open = await countAppMessages(db, filter, sinceMs, untilMs)
      if (contentType === undefined) return open
      return open + (await countSealed(deps, { ...filter, contentType }, sinceMs, untilMs))
    },
    async appOf(caller, text) {
      const id = uuidFrom('message', text)
      const appId = id === undefined ? undefined : await appOfMessage(db, caller, id)
      if (appId === undefined) return undefined
      return await registry.apps.find(caller.tenantId, showId('app', appId))
    },
    async find(caller, app, text) {
      const id = uuidFrom('message', text)
      if (id === undefined || (caller.appId !== null && caller.appId !== app.id)) return undefined
      const row = (await readMessages(deps, [{ appId: app.id, id }], 'payload')).get(id)
      if (!row || row.tenantId !== caller.tenantId) return undefined
      const reading = await readingOf(deps, caller, { appId: app.id })
      const deliveries = await deliveriesOfMessage<DeliveryState>(
        db,
        reading.endpointIds,
        id,
        'retrying',
      )
      return {
        ...messageEntry(row, app),
        deliveries: await withAttempts(deps, caller, reading, deliveries),
      }
    },
  }
}

/** The apps that a question is about. Also one without endpoints has messages, that nobody got. */
async function appIdsOf(
  { db }: PortDeps,
  caller: Caller,
  { endpoints }: Reading,
  { appId }: Selection,
): Promise<string[]> {
  const ids = new Set([...endpoints.values()].map((one) => one.app_id))
  if (appId === undefined || ids.has(appId)) return [...ids]
  return [...(await selectApps(db, caller, [appId])).keys()]
}

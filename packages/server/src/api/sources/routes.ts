import { z } from 'zod'
import { iso, isoOrNull } from '../../core/clock.ts'
import { invalid, PomboError } from '../../core/error.ts'
import { showId } from '../../core/id.ts'
import { readCounts, readSession, type SessionState } from '../../sources/intake/counters/store.ts'
import { readersOf } from '../../sources/broker/readers/store.ts'
import type { Sources, WithToken } from '../../sources/intake/registered/store.ts'
import type { Source } from '../../sources/intake/settings.ts'
import type { Holder } from '../access.ts'
import { instant } from '../field.ts'
import type { ParamsOf } from '../path.ts'
import { resource } from '../resource.ts'
import { type Answer, type Call, json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { type BrokerPort, checkedBroker } from './broker.ts'
import {
  addressOf,
  settingsOf,
  showSource,
  sourceIn,
  sourceOut,
  sourcePatch,
  sourceStats,
  sourceWithToken,
} from './schema.ts'
import { showReason } from './reason.ts'
import { countAppDeliveries } from './store.ts'
import { say } from '../../core/sentences/sentences.ts'

export type SourceRouteDeps = Needs<'db' | 'clock' | 'apps' | 'serverUrl'> & {
  sources: Sources
  /** Writes what this node has counted so far. */
  flushCounts: () => Promise<void>
  /** Sources can be fed by brokers where this is given. */
  brokers?: BrokerPort | undefined
}

const tag = 'Source'
const path = '/api/v1/app/{app_id}/source/{source_id}'
const withToken = { description: 'The source and its token', body: sourceWithToken }

type OfSource = Pick<Call<ParamsOf<typeof path>, unknown, unknown>, 'holder' | 'scope' | 'params'>

export function sourceRoutes(deps: SourceRouteDeps): Route[] {
  const { sources } = deps
  return [
    ...resource({
      path,
      id: 'v1.source',
      tag,
      words: { one: 'a source', many: 'sources' },
      access: 'app',
      out: sourceOut,
      show: async (source: Source) => await show(deps, source),
      list: {
        summary: 'List the sources of an application',
        description: 'Its own, and those that serve any session and have brought it events.',
        order: 'ascending',
        iterators: 'source',
        find: async (call, cursor) => await sources.list(call.scope, cursor),
        show: async (rows) => await showAll(deps, rows),
      },
      create: {
        description:
          'Answers the URL that the gateway is to be pointed at, with its token, which cannot be read again.',
        body: sourceIn,
        answers: { 201: withToken },
        async handle(call) {
          mayReach(call.holder, call.body.sessions)
          const { gateway, broker, ...given } = call.body
          const settings = {
            ...settingsOf(given),
            gateway,
            ...(broker && { broker: await checkedBroker(broker, null, deps.brokers) }),
          }
          const made = await sources.create(call.scope, settings)
          if (broker) deps.brokers?.changed()
          return await showWithToken(deps, 201, made)
        },
      },
      get: {
        store: async (call) => await sources.get(call.scope, call.params.source_id),
      },
      patch: {
        description: 'Filters are set as a whole.',
        body: sourcePatch,
        async store(call) {
          mayReach(call.holder, call.body.sessions)
          await mayChange(deps, call)
          return await patch(deps, call)
        },
      },
      delete: {
        description: 'What the gateway sends is refused from then on; what came stays.',
        async store(call) {
          await mayChange(deps, call)
          await sources.delete(call.scope, call.params.source_id)
          deps.brokers?.changed()
        },
      },
    }),
    rotateRoute(deps),
    statsRoute(deps),
  ]
}

function rotateRoute(deps: SourceRouteDeps): Route {
  return route({
    at: `POST ${path}/token/rotate`,
    id: 'v1.source.rotate-token',
    tag,
    summary: 'Put a new token in place of the current one',
    description: 'The old one counts no longer, on any node, within a second.',
    access: 'app',
    answers: { 200: withToken },
    async handle(call) {
      await mayChange(deps, call)
      return await showWithToken(
        deps,
        200,
        await deps.sources.rotate(call.scope, call.params.source_id),
      )
    },
  })
}

const usualSpanMs = 86_400_000

function statsRoute(deps: SourceRouteDeps): Route {
  const { db, clock, sources } = deps
  return route({
    at: `GET ${path}/stats`,
    id: 'v1.source.get-stats',
    tag,
    summary: 'Count what came from the gateway, what became of it, and what was delivered',
    description:
      "Of the application's session, in whole minutes, over the last day unless a time is given. What is " +
      'not in `received` never left the gateway; what is accepted and not delivered is on its way, or the ' +
      "receiver's trouble.",
    access: 'app',
    query: z.object({ since: instant.optional(), until: instant.optional() }),
    answers: { 200: { description: 'The counts', body: sourceStats } },
    async handle(call) {
      const { scope } = call
      const source = await sources.get(scope, call.params.source_id)
      const until = Math.max(0, call.query.until ?? clock.now() + 1_000)
      const since = Math.max(0, call.query.since ?? until - usualSpanMs)
      if (since > until)
        throw invalid(['query', 'since'], { msg: 'lies after until', code: 'time_order' })
      await deps.flushCounts()
      const session = { ...scope, sourceId: source.id }
      const [counts, state, deliveries] = await Promise.all([
        readCounts(db, session, since, until),
        readSession(db, session),
        countAppDeliveries(db, scope, since, until),
      ])
      return json(200, showStats({ since, until, counts, deliveries, ...state }))
    },
  })
}

function showStats(
  of: {
    since: number
    until: number
    counts: Map<string, number>
    deliveries: z.output<typeof sourceStats>['deliveries']
  } & SessionState,
): z.output<typeof sourceStats> {
  const count = (what: string) => of.counts.get(what) ?? 0
  const prefix = 'filtered:'
  const reasons = [...of.counts].filter(([what]) => what.startsWith(prefix))
  return {
    since: iso(of.since),
    until: iso(of.until),
    received: count('received'),
    accepted: count('accepted'),
    duplicate: count('duplicate'),
    filtered: reasons.reduce((sum, [, n]) => sum + n, 0),
    skipped: count('skipped'),
    refused: count('refused'),
    filteredBy: Object.fromEntries(reasons.map(([what, n]) => [what.slice(prefix.length), n])),
    unrecognised: count('unrecognised'),
    badSignature: count('bad_signature'),
    addressRefused: count('address_refused'),
    tooLarge: count('too_large'),
    deliveries: of.deliveries,
    lastEventAt: isoOrNull(of.lastEventAtMs),
    silentSince: isoOrNull(of.silentSinceMs),
    lastRefusal: of.lastRefusal && {
      at: iso(of.lastRefusal.atMs),
      ...showReason(of.lastRefusal.reason),
    },
  }
}

/** A token for one app must not make one that reaches others. */
function mayReach(holder: Holder, sessions: 'own' | 'any' | undefined): void {
  if (sessions === 'any' && holder.appId !== null)
    throw new PomboError('permission_denied', { detail: say('one_app_source') })
}

async function mayChange({ sources }: SourceRouteDeps, call: OfSource): Promise<void> {
  if (call.holder.appId !== null)
    mayReach(call.holder, (await sources.get(call.scope, call.params.source_id)).sessions)
}

async function patch(
  { sources, brokers }: SourceRouteDeps,
  call: OfSource & { body: z.output<typeof sourcePatch> },
): Promise<Source> {
  const { broker: given, ...rest } = call.body
  const { scope } = call
  const id = call.params.source_id
  const settings = { ...settingsOf(rest), ...(given === null && { broker: null }) }
  if (given) {
    const kept = sources.brokerOf(await sources.get(scope, id))
    return await changed({ ...settings, broker: await checkedBroker(given, kept, brokers) })
  }
  return await changed(settings)

  async function changed(to: Parameters<Sources['patch']>[2]): Promise<Source> {
    const source = await sources.patch(scope, id, to)
    if (given !== undefined) brokers?.changed()
    return source
  }
}

const show = async (deps: SourceRouteDeps, source: Source) => (await showAll(deps, [source]))[0]!

async function showAll(
  { db, apps, sources, serverUrl }: SourceRouteDeps,
  rows: readonly Source[],
): Promise<z.output<typeof sourceOut>[]> {
  const brokers = new Map(rows.map((row) => [row.id, sources.brokerOf(row)]))
  const fed = rows.map(({ id }) => id).filter((id) => brokers.get(id) !== null)
  const readers = fed.length === 0 ? undefined : await readersOf(db, fed)
  // Nearly always one: those of a page are of one app.
  const names = new Map<string, string>()
  for (const { sessions, appId, tenantId } of rows) {
    if (sessions === 'any' || names.has(appId)) continue
    const shown = showId('app', appId)
    names.set(appId, (await apps.get(tenantId, shown)).uid ?? shown)
  }
  return rows.map((row) => {
    const url = addressOf(serverUrl(), row, names.get(row.appId) ?? '')
    return showSource(row, url, brokers.get(row.id) ?? null, readers?.get(row.id) ?? [])
  })
}

async function showWithToken(
  deps: SourceRouteDeps,
  status: 200 | 201,
  { source, token }: WithToken,
): Promise<Answer> {
  const shown = await show(deps, source)
  return json(status, { ...shown, token, ingestUrl: `${shown.url}?token=${token}` })
}

import type { Caller } from '../../dialects/contract/caller.ts'
import type { Counts, Selection, Stats } from '../../dialects/contract/delivery-log.ts'
import { countOpen } from '../history/counts/store.ts'
import type { PortDeps } from './ports.ts'
import { selectEndpoints } from './selection/store.ts'
import { readCounts, readFailures } from './stats/store.ts'

export async function readStats(
  { db }: PortDeps,
  caller: Caller,
  { sinceMs, ...selection }: Selection & { sinceMs?: number },
): Promise<Stats> {
  const selected = await selectEndpoints(db, caller, selection)
  const ids = [...selected.keys()]
  const endpoints = new Map<string, Counts>()
  const apps = new Map<string, Stats['apps'][number]>()
  const all = nothing()
  if (ids.length === 0) return { all, apps: [], endpoints, failures: [] }
  const [counts, failures, open] = await Promise.all([
    readCounts(db, ids, sinceMs),
    readFailures(db, ids, sinceMs),
    countOpen(db, ids),
  ])
  function sumsOf(endpointId: string): Counts[] {
    const { app_id: id, app_uid: uid, app_name: name } = selected.get(endpointId)!
    const ofApp = apps.get(id) ?? { app: { id, uid, name }, counts: nothing() }
    apps.set(id, ofApp)
    const ofEndpoint = endpoints.get(endpointId) ?? nothing()
    endpoints.set(endpointId, ofEndpoint)
    return [all, ofApp.counts, ofEndpoint]
  }
  for (const row of counts) {
    for (const sum of sumsOf(row.endpoint_id)) {
      sum.attempts += row.attempts
      sum.failedAttempts += row.failed
      sum.delivered += row.delivered
      sum.exhausted += row.exhausted
      sum.discarded += row.discarded
      sum.durationMs += row.duration_ms
      // A failed attempt is the last one, or another one follows it.
      sum.retries += row.failed - row.exhausted
    }
  }
  for (const row of open) {
    for (const sum of sumsOf(row.endpoint_id)) {
      sum.open += row.count
      // The attempt that follows the last failure is still to come.
      if (row.tried) sum.retries = Math.max(0, sum.retries - row.count)
    }
  }
  return {
    all,
    apps: [...apps.values()],
    endpoints,
    failures: failures.map(({ outcome, status_code, count }) => ({
      outcome,
      statusCode: status_code === 0 ? null : status_code,
      count,
    })),
  }
}

function nothing(): Counts {
  return {
    attempts: 0,
    failedAttempts: 0,
    retries: 0,
    delivered: 0,
    exhausted: 0,
    discarded: 0,
    durationMs: 0,
    open: 0,
  }
}

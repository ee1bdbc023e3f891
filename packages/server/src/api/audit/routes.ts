import { z } from 'zod'
import { invalid } from '../../core/error.ts'
import { type IdKind, readId, showId } from '../../core/id.ts'
import { component, shownId, time } from '../field.ts'
import { iteratorsById, listRoute } from '../list.ts'
import { orderQuery, spanBounds, spanQuery } from '../pagination.ts'
import type { Route } from '../route.ts'
import type { Pool } from '../../db/pool.ts'
import { type AuditRow, listAudit } from './store.ts'
import { shownChanges } from '../shown-url.ts'
import { say } from '../../core/sentences/sentences.ts'

const auditOut = component('AuditOut', {
  id: z.string(),
  at: time,
  keyId: z.string().nullable().describe('The API key by which it was done'),
  actor: z
    .string()
    .describe(
      "The key's name; `pombo` for what Pombo did by itself, the database's user for what was done there",
    ),
  onBehalfOf: z
    .string()
    .nullable()
    .describe('The request’s `x-pombo-actor`: what the caller said, unchecked'),
  action: z.string().meta({ examples: ['create', 'update', 'delete'] }),
  kind: z.string().meta({ examples: ['endpoint', 'app', 'api_key'] }),
  target: z.string().describe('The id of what was changed, or its name'),
  appId: z.string().nullable(),
  changes: z
    .record(z.string(), z.unknown())
    .describe('By column: what it was and what it is, as a pair; `hidden` for what is a secret'),
})

const shownAs: Readonly<Record<string, IdKind>> = {
  tenant: 'tenant',
  app: 'app',
  device: 'app',
  endpoint: 'endpoint',
  source: 'source',
  api_key: 'key',
}

export function auditRoute(db: Pool): Route {
  return listRoute({
    path: '/api/v1/audit',
    id: 'v1.audit.list',
    tag: 'Audit',
    summary: 'List who changed what, newest first',
    description:
      'Every change of tenants, keys, applications, endpoints, their secrets, sources, devices and event ' +
      'types, written in the transaction that made it. Nothing in it can be changed or deleted, but that ' +
      'an erasure puts `(erased)` in place of what names the person.',
    access: 'tenant',
    query: {
      ...orderQuery,
      ...spanQuery,
      kind: z.string().max(100).optional(),
      action: z.string().max(100).optional(),
      target: z.string().max(300).optional().describe('An id as it is shown, or a name'),
      key_id: shownId('key', 100).optional(),
      app_id: shownId('app', 100).optional().describe('An application’s id'),
    },
    order: 'descending',
    iterators: iteratorsById('audit', (row: AuditRow) => row.id),
    item: auditOut,
    page: 'A page of changes',
    async find({ holder, query }, cursor) {
      const filter = {
        tenantId: holder.tenantId,
        kind: query.kind,
        action: query.action,
        target: query.target === undefined ? undefined : uuidOf(query.target),
        keyId: idIn(query.key_id, 'key', 'key_id'),
        appId: idIn(query.app_id, 'app', 'app_id'),
        ...spanBounds(query),
      }
      return await listAudit(db, filter, cursor)
    },
    show: (rows) => rows.map(showEntry),
  })
}

/** Of a shown id of any kind its uuid; anything else as it is. */
function uuidOf(target: string): string {
  for (const kind of new Set(Object.values(shownAs))) {
    const id = readId(kind, target)
    if (id !== undefined) return id
  }
  return target
}

function idIn(text: string | undefined, kind: IdKind, name: string): string | undefined {
  if (text === undefined) return undefined
  const id = readId(kind, text)
  if (id === undefined) throw invalid(['query', name], say('no_such_id'))
  return id
}

function showEntry(row: AuditRow): z.output<typeof auditOut> {
  const kind = Object.hasOwn(shownAs, row.kind) ? shownAs[row.kind] : undefined
  return {
    id: showId('audit', row.id),
    at: row.at.toISOString(),
    keyId: row.key_id && showId('key', row.key_id),
    actor: row.actor,
    onBehalfOf: row.on_behalf_of,
    action: row.action,
    kind: row.kind,
    target: kind ? showId(kind, row.target) : row.target,
    appId: row.app_id && showId('app', row.app_id),
    changes: shownChanges(row.changes) as AuditRow['changes'],
  }
}

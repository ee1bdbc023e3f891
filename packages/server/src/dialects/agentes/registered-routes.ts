/** Create, list, read, change and delete: the same requests for `webhook_endpoints` and `n8n_workflows`. */
import { z } from 'zod'
import type { Endpoint } from '../../core/endpoint.ts'
import { invalid } from '../../core/error.ts'
import type { Caller, DialectApp } from '../contract/caller.ts'
import type { Counts } from '../contract/delivery-log.ts'
import type { FoundEndpoint } from '../contract/ports.ts'
import { bodyOf, param, readBody, wholeNumber } from '../contract/request.ts'
import { created, noContent, type Routes } from '../contract/routes.ts'
import { idOf } from './organizations.ts'
import {
  changesOf,
  countsOf,
  create,
  type Kind,
  type RegisteredDeps,
  type Wanted,
} from './registered.ts'

/** What the two tables differ in. */
export interface Table<Body extends z.ZodType> {
  kind: Kind
  path: string
  /** What an answer calls the list. */
  plural: string
  body: Body
  /** Members that a new one needs, in the order in which they are asked for. */
  required: readonly (keyof z.output<Body> & string)[]
  wanted(given: z.output<Body>, value: unknown): Wanted
  /** What of a new one follows from the request; `shown` goes into this answer alone. */
  fresh(given: z.output<Body>): { wanted: Partial<Wanted> & { url: string }; shown: object }
  /** Refuses a change of what cannot be changed. */
  checkChange(given: z.output<Body>, value: unknown, one: FoundEndpoint): void
  find(caller: Caller, id: string): Promise<{ endpoint: Endpoint; app: DialectApp }>
  show(one: FoundEndpoint, counts: Counts | undefined): object
}

const listQuery = z.object({
  organization_id: z.string().optional(),
  user_id: z.string().optional(),
  limit: wholeNumber(1, 200).optional(),
  offset: wholeNumber(0, 1_000_000).optional(),
})

export function registeredRoutes<Body extends z.ZodType>(
  on: Routes,
  deps: RegisteredDeps,
  table: Table<Body>,
): void {
  const { ports, organizations } = deps
  const { kind, path, plural } = table
  on.post(path, async (caller, request) => {
    const given = readBody(table.body, request)
    const { value } = bodyOf(request)
    for (const name of table.required)
      if (!given[name] && (name === 'name' || given[name] === undefined))
        throw invalid(['body', name], 'field required', 'value_error.missing')
    const one = await organizations.ensure(caller, idOf(value, 'organization_id'))
    const { wanted, shown } = table.fresh(given)
    const made = await create(deps, caller, one, kind, { ...table.wanted(given, value), ...wanted })
    return created({ ...table.show({ endpoint: made, app: one }, undefined), ...shown })
  })
  on.query(path, listQuery, async (caller, { limit = 50, offset = 0, ...asked }) => {
    const { organization_id, user_id } = asked
    const appId = organization_id
      ? (await organizations.find(caller, organization_id)).id
      : undefined
    const { rows, total } = await ports.endpoints.list(caller, {
      dialect: 'agentes',
      metadata: { kind, ...(user_id && { user_id }) },
      limit,
      offset,
      ...(appId !== undefined && { appId }),
    })
    const counts = await countsOf(ports, caller, appId)
    const shown = rows.map((row) => table.show(row, counts.get(row.endpoint.id)))
    return { [plural]: shown, total, limit, offset }
  })
  on.get(`${path}/:id`, async (caller, request) => {
    const one = await table.find(caller, param(request, 'id'))
    const counts = await countsOf(ports, caller, one.app.id)
    return table.show(one, counts.get(one.endpoint.id))
  })
  for (const method of ['put', 'patch'] as const)
    on[method](`${path}/:id`, async (caller, request) => {
      const one = await table.find(caller, param(request, 'id'))
      const given = readBody(table.body, request)
      const { value } = bodyOf(request)
      table.checkChange(given, value, one)
      const changes = await changesOf(deps, caller, table.wanted(given, value), one.endpoint)
      const endpoint = await ports.endpoints.patch(one.app, one.endpoint.id, changes)
      const counts = await countsOf(ports, caller, one.app.id)
      return table.show({ endpoint, app: one.app }, counts.get(endpoint.id))
    })
  on.delete(`${path}/:id`, async (caller, request) => {
    const one = await table.find(caller, param(request, 'id'))
    await ports.endpoints.delete(one.app, one.endpoint.id)
    return noContent
  })
}

import { z } from 'zod'
import { verificationText } from '../../core/secret.ts'
import type { AppScope } from '../../registry/apps/app.ts'
import type { Endpoints } from '../../registry/endpoints/store.ts'
import { iso } from '../../core/clock.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { PomboError } from '../../core/error.ts'
import {
  listOf,
  orderQuery,
  pageQuery,
  readIdCursor,
  registryPage,
  registryRange,
} from '../pagination.ts'
import { empty, json, type Route, route } from '../route.ts'
import type { Pool } from '../../db/pool.ts'
import {
  endpointIn,
  endpointOut,
  endpointUpdate,
  endpointWithHealth,
  headersIn,
  headersOut,
  rotateIn,
  secretOut,
  settingsOf,
  showEndpoint,
} from './schema.ts'
import { type HealthRow, healthOf } from './store.ts'

/**
 * A collection of endpoints: those of an app, or as the tenant's operational webhooks, which have the same paths but
 * for their beginning.
 */
export interface EndpointCollection {
  path: '/api/v1/app/{app_id}/endpoint' | '/api/v1/operational-webhook/endpoint'
  /** Beginning of the operation ids. */
  id: string
  tag: string
  access: 'app' | 'tenant'
  params: z.ZodObject
  /** With `endpoint_id`. */
  oneParams: z.ZodObject<{ endpoint_id: z.ZodString }>
  /** Throws for event types that nothing of this kind is ever sent for. */
  checkTypes(tenantId: string, eventTypes: readonly string[] | null | undefined): Promise<void>
  scope(call: { holder: { tenantId: string }; appId: string }): AppScope | Promise<AppScope>
}

export interface EndpointCollectionDeps {
  db: Pool
  endpoints: Endpoints
}

const out = { description: 'The endpoint', body: endpointWithHealth }

/** The paths that both collections have. */
export function endpointCollectionRoutes(
  deps: EndpointCollectionDeps,
  within: EndpointCollection,
): Route[] {
  return [
    ...collection(deps, within),
    ...single(deps, within),
    ...secrets(deps, within),
    ...headers(deps, within),
  ]
}

function collection(
  { db, endpoints }: EndpointCollectionDeps,
  within: EndpointCollection,
): Route[] {
  const { path, id, tag, access, params } = within
  return [
    route({
      method: 'GET',
      path,
      id: `${id}.list`,
      tag,
      summary: 'List endpoints',
      access,
      params,
      query: z.object({ ...pageQuery, ...orderQuery }),
      answers: {
        200: { description: 'A page of endpoints, newest first', body: listOf(endpointWithHealth) },
      },
      async handle(call) {
        const cursor = readIdCursor(call.query, 'descending', 'endpoint')
        const found = await endpoints.list(await within.scope(call), registryRange(cursor))
        const health = await healthOf(
          db,
          found.rows.map((endpoint) => endpoint.id),
        )
        return json(
          200,
          registryPage(found, cursor, 'endpoint', (endpoint) => showWithHealth(endpoint, health)),
        )
      },
    }),
    route({
      method: 'POST',
      path,
      id: `${id}.create`,
      tag,
      summary: 'Create an endpoint',
      access,
      params,
      body: endpointIn,
      answers: {
        201: {
          description: 'The endpoint; its secret has a path of its own',
          body: endpointWithHealth,
        },
      },
      async handle(call) {
        const { secret, ...settings } = settingsOf(call.body)
        await within.checkTypes(call.holder.tenantId, settings.eventTypes)
        const made = await endpoints.create(await within.scope(call), {
          ...settings,
          ...(secret === undefined ? {} : { secret }),
        })
        return json(201, showWithHealth(made, new Map()))
      },
    }),
  ]
}

function single({ db, endpoints }: EndpointCollectionDeps, within: EndpointCollection): Route[] {
  const { id, tag, access, oneParams: params } = within
  const path = `${within.path}/{endpoint_id}`
  return [
    route({
      method: 'GET',
      path,
      id: `${id}.get`,
      tag,
      summary: 'Get an endpoint',
      access,
      params,
      answers: { 200: out },
      async handle(call) {
        return json(
          200,
          await withHealth(
            db,
            await endpoints.get(await within.scope(call), call.params.endpoint_id),
          ),
        )
      },
    }),
    route({
      method: 'PUT',
      path,
      id: `${id}.update`,
      tag,
      summary: 'Set all of an endpoint, or create it',
      description:
        "Fields of Svix's API that are left out take their defaults; Pombo's own stay as they are. Secret and headers have paths of their own.",
      access,
      params,
      body: endpointUpdate,
      answers: { 200: out, 201: { ...out, description: 'It was not there and was created' } },
      async handle(call) {
        const settings = settingsOf(call.body)
        await within.checkTypes(call.holder.tenantId, settings.eventTypes)
        const scope = await within.scope(call)
        const { endpoint, created } = await endpoints.put(scope, call.params.endpoint_id, settings)
        return json(created ? 201 : 200, await withHealth(db, endpoint))
      },
    }),
    route({
      method: 'DELETE',
      path,
      id: `${id}.delete`,
      tag,
      summary: 'Delete an endpoint',
      description: 'What was still to be delivered to it is not sent any more.',
      access,
      params,
      answers: { 204: { description: 'Deleted' } },
      async handle(call) {
        await endpoints.delete(await within.scope(call), call.params.endpoint_id)
        return empty
      },
    }),
  ]
}

function secrets({ endpoints }: EndpointCollectionDeps, within: EndpointCollection): Route[] {
  const { id, tag, access, oneParams: params } = within
  const path = `${within.path}/{endpoint_id}/secret`
  return [
    route({
      method: 'GET',
      path,
      id: `${id}.get-secret`,
      tag,
      summary: 'Get the secret that receivers verify with',
      description: 'Of an Ed25519 pair the public key.',
      access,
      params,
      answers: { 200: { description: 'The secret', body: secretOut } },
      async handle(call) {
        const { endpoint_id } = call.params
        const secret = await endpoints.secret(await within.scope(call), endpoint_id)
        if (secret === null)
          throw new PomboError('not_found', { what: 'secret of endpoint', id: endpoint_id })
        return json(200, { key: verificationText(secret) })
      },
    }),
    route({
      method: 'POST',
      path: `${path}/rotate`,
      id: `${id}.rotate-secret`,
      tag,
      summary: 'Put a new secret in place of the current one',
      description:
        'The old one goes on signing beside it for the grace period, so that receivers can change over.',
      access,
      params,
      body: rotateIn.optional(),
      answers: {
        200: {
          description: 'Rotated; for clients that announce svix-libs/2.8 or later',
          body: secretOut,
        },
        204: { description: 'Rotated' },
      },
      async handle(call) {
        const { key, gracePeriodSeconds } = call.body ?? {}
        await endpoints.rotateSecret(await within.scope(call), call.params.endpoint_id, {
          key: key ?? null,
          ...(gracePeriodSeconds == null ? {} : { overlapMs: gracePeriodSeconds * 1_000 }),
        })
        if (!wantsRotated(call.request.headers['user-agent'])) return empty
        const secret = await endpoints.secret(await within.scope(call), call.params.endpoint_id)
        return secret === null ? empty : json(200, { key: verificationText(secret) })
      },
    }),
  ]
}

/** Svix's clients read the new secret from 2.8 on; those before insist on an answer without a body. */
function wantsRotated(userAgent: string | undefined): boolean {
  const [, major, minor] = /svix-libs\/(\d+)\.(\d+)/.exec(userAgent ?? '') ?? []
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 8)
}

function headers({ endpoints }: EndpointCollectionDeps, within: EndpointCollection): Route[] {
  const { id, tag, access, oneParams: params } = within
  const path = `${within.path}/{endpoint_id}/headers`
  return [
    route({
      method: 'GET',
      path,
      id: `${id}.get-headers`,
      tag,
      summary: 'Get the further request headers',
      access,
      params,
      answers: {
        200: { description: 'The headers; of sensitive ones the names only', body: headersOut },
      },
      async handle(call) {
        return json(200, await endpoints.headers(await within.scope(call), call.params.endpoint_id))
      },
    }),
    route({
      method: 'PUT',
      path,
      id: `${id}.update-headers`,
      tag,
      summary: 'Set the further request headers',
      access,
      params,
      body: headersIn,
      answers: { 204: { description: 'Set' } },
      async handle(call) {
        await endpoints.putHeaders(
          await within.scope(call),
          call.params.endpoint_id,
          call.body.headers,
        )
        return empty
      },
    }),
  ]
}

export async function withHealth(
  db: Pool,
  endpoint: Endpoint,
): Promise<z.output<typeof endpointWithHealth>> {
  return showWithHealth(endpoint, await healthOf(db, [endpoint.id]))
}

function showWithHealth(
  endpoint: Endpoint,
  all: Map<string, HealthRow>,
): z.output<typeof endpointWithHealth> {
  const row = all.get(endpoint.id)
  const shown: z.output<typeof endpointOut> = showEndpoint(endpoint)
  return {
    ...shown,
    health: {
      circuit: row?.circuit ?? 'closed',
      consecutiveFailures: row?.consecutive_failures ?? 0,
      failingSince: row?.failing_ms == null ? null : iso(row.failing_ms),
      nextProbeAt:
        row?.circuit === 'closed' || row?.open_until_ms == null ? null : iso(row.open_until_ms),
    },
  }
}

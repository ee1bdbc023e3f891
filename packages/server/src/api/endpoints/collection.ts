import { z } from 'zod'
import { verificationText } from '../../core/secret.ts'
import type { Holder } from '../access.ts'
import type { AppScope } from '../../registry/apps/app.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { PomboError } from '../../core/error.ts'
import { headersFor } from '../../registry/endpoints/headers.ts'
import type { OwnParameters } from '../path.ts'
import { resource } from '../resource.ts'
import { empty, json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import type { Pool } from '../../db/pool.ts'
import { headersIn, headersOut, rotateIn, secretOut } from './action-schema.ts'
import {
  type endpointIn,
  endpointOut,
  type endpointPatch,
  type endpointUpdate,
  endpointWithHealth,
  settingsOf,
  showEndpoint,
} from './schema.ts'
import { type HealthRow, healthOf } from './store.ts'
import { showHealth } from './health.ts'

/**
 * A collection of endpoints: those of an app, or as the tenant's operational webhooks, which have the same paths but
 * for their beginning.
 */
export interface EndpointCollection {
  path:
    | '/api/v1/app/{app_id}/endpoint/{endpoint_id}'
    | '/api/v1/operational-webhook/endpoint/{endpoint_id}'
  bodies: { create: typeof endpointIn; put: typeof endpointUpdate; patch: typeof endpointPatch }
  params?: OwnParameters
  /** Beginning of the operation ids. */
  id: string
  /** The operation id of PATCH, where it begins otherwise. */
  patchId?: string
  tag: string
  access: 'app' | 'tenant'
  /** Throws for event types that nothing of this kind is ever sent for. */
  checkTypes: (
    holder: Holder,
    eventTypes: readonly string[] | null | undefined,
    kept?: () => Promise<readonly string[] | null>,
  ) => Promise<void>
  scope: (call: { scope: AppScope }) => AppScope | Promise<AppScope>
}

export type EndpointCollectionDeps = Needs<'db' | 'endpoints'>

/** The paths that both collections have. */
export function endpointCollectionRoutes(
  deps: EndpointCollectionDeps,
  within: EndpointCollection,
): Route[] {
  return [...collection(deps, within), ...secrets(deps, within), ...headers(deps, within)]
}

function collection({ db, endpoints }: EndpointCollectionDeps, of: EndpointCollection): Route[] {
  const { path, params, id, tag, access, scope } = of
  const typesOf = async (call: { scope: AppScope; params: { endpoint_id: string } }) => {
    const found = await endpoints.find(await scope(call), call.params.endpoint_id)
    return found?.eventTypes ?? null
  }
  return resource({
    path,
    ...(params && { params }),
    id,
    tag,
    words: { one: 'an endpoint', many: 'endpoints' },
    access,
    out: endpointWithHealth,
    show: async (endpoint: Endpoint) => await withHealth(db, endpoint),
    list: {
      order: 'descending',
      iterators: 'endpoint',
      find: async (call, cursor) => await endpoints.list(await scope(call), cursor),
      async show(rows) {
        const health = await healthOf(
          db,
          rows.map((endpoint) => endpoint.id),
        )
        return rows.map((endpoint) => showWithHealth(endpoint, health))
      },
    },
    create: {
      body: of.bodies.create,
      answers: {
        201: {
          description: 'The endpoint; its secret has a path of its own',
          body: endpointWithHealth,
        },
      },
      async handle(call) {
        const { secret, ...settings } = settingsOf(call.body)
        await of.checkTypes(call.holder, settings.eventTypes)
        const made = await endpoints.create(await scope(call), {
          ...settings,
          ...(secret === undefined ? {} : { secret }),
        })
        return json(201, showWithHealth(made, new Map()))
      },
    },
    get: {
      store: async (call) => await endpoints.get(await scope(call), call.params.endpoint_id),
    },
    put: {
      description:
        "Fields of Svix's API that are left out take their defaults; Pombo's own stay as they are. Secret " +
        'and headers have paths of their own.',
      body: of.bodies.put,
      async store(call) {
        const settings = settingsOf(call.body)
        await of.checkTypes(call.holder, settings.eventTypes, () => typesOf(call))
        const { endpoint, created } = await endpoints.put(
          await scope(call),
          call.params.endpoint_id,
          settings,
        )
        return { row: endpoint, created }
      },
    },
    patch: {
      ...(of.patchId !== undefined && { id: of.patchId }),
      summary: 'Change parts of an endpoint',
      body: of.bodies.patch,
      async store(call) {
        const { secret: _, ...body } = call.body
        await of.checkTypes(call.holder, body.eventTypes, () => typesOf(call))
        return await endpoints.patch(await scope(call), call.params.endpoint_id, settingsOf(body))
      },
    },
    delete: {
      description: 'What was still to be delivered to it is not sent any more.',
      store: async (call) => await endpoints.delete(await scope(call), call.params.endpoint_id),
    },
  })
}

function secrets({ endpoints }: EndpointCollectionDeps, within: EndpointCollection): Route[] {
  const { id, tag, access, scope } = within
  const path = `${within.path}/secret` as const
  return [
    route({
      at: `GET ${path}`,
      id: `${id}.get-secret`,
      tag,
      access,
      summary: 'Get the secret that receivers verify with',
      description: 'Of an Ed25519 pair the public key.',
      answers: { 200: { description: 'The secret', body: secretOut } },
      async handle(call) {
        const { endpoint_id } = call.params
        const secret = await endpoints.secret(await scope(call), endpoint_id)
        if (secret === null)
          throw new PomboError('not_found', { what: 'secret of endpoint', id: endpoint_id })
        return json(200, { key: verificationText(secret) })
      },
    }),
    route({
      at: `POST ${path}/rotate`,
      id: `${id}.rotate-secret`,
      tag,
      access,
      summary: 'Put a new secret in place of the current one',
      description:
        'The old one goes on signing beside it for the grace period, so that receivers can change over.',
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
        await endpoints.rotateSecret(await scope(call), call.params.endpoint_id, {
          key: key ?? null,
          ...(gracePeriodSeconds == null ? {} : { overlapMs: gracePeriodSeconds * 1_000 }),
        })
        if (!wantsRotated(call.request.headers['user-agent'])) return empty
        const secret = await endpoints.secret(await scope(call), call.params.endpoint_id)
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
  const { id, tag, access, scope } = within
  const path = `${within.path}/headers` as const
  return [
    route({
      at: `GET ${path}`,
      id: `${id}.get-headers`,
      tag,
      access,
      summary: 'Get the further request headers',
      answers: {
        200: {
          description:
            'The headers; of sensitive ones the names only, and of all of them for roles below `administer`',
          body: headersOut,
        },
      },
      async handle(call) {
        const all = await endpoints.headers(await scope(call), call.params.endpoint_id)
        return json(200, headersFor(call.holder.role, all))
      },
    }),
    route({
      at: `PUT ${path}`,
      id: `${id}.update-headers`,
      tag,
      access,
      summary: 'Set the further request headers',
      body: headersIn,
      answers: { 204: { description: 'Set' } },
      async handle(call) {
        await endpoints.putHeaders(await scope(call), call.params.endpoint_id, call.body.headers)
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
    health: showHealth(row),
  }
}

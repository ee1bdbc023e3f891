import { z } from 'zod'
import type { Apps } from '../../registry/apps/store.ts'
import { defined, flag } from '../field.ts'
import {
  listOf,
  orderQuery,
  pageQuery,
  readIdCursor,
  registryPage,
  registryRange,
} from '../pagination.ts'
import { empty, json, type Route, route } from '../route.ts'
import { appId, applicationIn, applicationOut, applicationPatch, showApp } from './schema.ts'

const tag = 'Application'
const params = z.object({ app_id: appId })
const out = { description: 'The application', body: applicationOut }

const notSelected = flag
  .optional()
  .refine(
    (given) => given !== true,
    'applications are not selected by their endpoints; leave it out',
  )
  .meta({ description: 'Not offered', type: 'boolean' })

export function appRoutes(apps: Apps): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/app',
      id: 'v1.application.list',
      tag,
      summary: 'List applications',
      access: 'tenant',
      query: z.object({
        ...pageQuery,
        ...orderQuery,
        exclude_apps_with_no_endpoints: notSelected,
        exclude_apps_with_disabled_endpoints: notSelected,
        exclude_apps_with_svix_play_endpoints: notSelected,
      }),
      answers: {
        200: { description: 'A page of applications, oldest first', body: listOf(applicationOut) },
      },
      async handle({ holder, query }) {
        const cursor = readIdCursor(query, 'ascending', 'app')
        const found = await apps.list(holder.tenantId, registryRange(cursor))
        return json(200, registryPage(found, cursor, 'app', showApp))
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/app',
      id: 'v1.application.create',
      tag,
      summary: 'Create an application',
      access: 'tenant',
      query: z.object({
        get_if_exists: flag.optional().meta({
          description: 'Answer the application with this uid where there is one already',
          type: 'boolean',
        }),
      }),
      body: applicationIn,
      answers: { 200: { ...out, description: 'It was there already' }, 201: out },
      async handle({ holder, query, body }) {
        if (query.get_if_exists !== true)
          return json(201, showApp(await apps.create(holder.tenantId, defined(body))))
        const { app, created } = await apps.getOrCreate(holder.tenantId, defined(body))
        return json(created ? 201 : 200, showApp(app))
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/app/{app_id}',
      id: 'v1.application.get',
      tag,
      summary: 'Get an application',
      access: 'app',
      params,
      answers: { 200: out },
      handle: async ({ holder, params: { app_id } }) =>
        json(200, showApp(await apps.get(holder.tenantId, app_id))),
    }),
    route({
      method: 'PUT',
      path: '/api/v1/app/{app_id}',
      id: 'v1.application.update',
      tag,
      summary: 'Set all of an application, or create it',
      access: 'tenant',
      app: 'any',
      params,
      body: applicationIn,
      answers: { 200: out, 201: { ...out, description: 'It was not there and was created' } },
      async handle({ holder, params: { app_id }, body }) {
        const { app, created } = await apps.put(holder.tenantId, app_id, defined(body))
        return json(created ? 201 : 200, showApp(app))
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/app/{app_id}',
      id: 'patch_application',
      tag,
      summary: 'Change parts of an application',
      access: 'tenant',
      params,
      body: applicationPatch,
      answers: { 200: out },
      handle: async ({ holder, params: { app_id }, body }) =>
        json(200, showApp(await apps.patch(holder.tenantId, app_id, defined(body)))),
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/app/{app_id}',
      id: 'v1.application.delete',
      tag,
      summary: 'Delete an application',
      description:
        'Its endpoints and tokens go with it; what was still to be delivered to them is not sent any more.',
      access: 'tenant',
      params,
      answers: { 204: { description: 'Deleted' } },
      async handle({ holder, params: { app_id } }) {
        await apps.delete(holder.tenantId, app_id)
        return empty
      },
    }),
  ]
}

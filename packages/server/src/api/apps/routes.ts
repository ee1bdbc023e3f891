import { defined } from '../../core/defined.ts'
import type { Apps } from '../../registry/apps/store.ts'
import { flag } from '../field.ts'
import { json, type Route } from '../route.ts'
import { resource } from '../resource.ts'
import { applicationIn, applicationOut, applicationPatch, showApp } from './schema.ts'
import { say } from '../../core/sentences/sentences.ts'

const notSelected = flag
  .optional()
  .refine((given) => given !== true, say('not_offered_apps'))
  .meta({ description: 'Not offered', enum: [false] })

export function appRoutes(apps: Apps): Route[] {
  return resource({
    path: '/api/v1/app/{app_id}',
    id: 'v1.application',
    tag: 'Application',
    words: { one: 'an application', many: 'applications' },
    access: 'tenant',
    out: applicationOut,
    show: showApp,
    list: {
      query: {
        exclude_apps_with_no_endpoints: notSelected,
        exclude_apps_with_disabled_endpoints: notSelected,
        exclude_apps_with_svix_play_endpoints: notSelected,
      },
      order: 'ascending',
      iterators: 'app',
      find: async ({ holder }, cursor) => await apps.list(holder.tenantId, cursor),
    },
    create: {
      query: {
        get_if_exists: flag
          .optional()
          .describe('Answer the application with this uid where there is one already'),
      },
      body: applicationIn,
      answers: {
        200: { description: 'It was there already', body: applicationOut },
        201: { description: 'The application', body: applicationOut },
      },
      async handle({ holder, query, body }) {
        if (query.get_if_exists !== true)
          return json(201, showApp(await apps.create(holder.tenantId, defined(body))))
        const { app, created } = await apps.getOrCreate(holder.tenantId, defined(body))
        return json(created ? 201 : 200, showApp(app))
      },
    },
    get: {
      access: 'app',
      store: async ({ holder, params }) => await apps.get(holder.tenantId, params.app_id),
    },
    put: {
      app: 'any',
      body: applicationIn,
      async store({ holder, params, body }) {
        const { app, created } = await apps.put(holder.tenantId, params.app_id, defined(body))
        return { row: app, created }
      },
    },
    patch: {
      id: 'patch_application',
      body: applicationPatch,
      store: async ({ holder, params, body }) =>
        await apps.patch(holder.tenantId, params.app_id, defined(body)),
    },
    delete: {
      description:
        'Its endpoints and tokens go with it; what was still to be delivered to them is not sent any more.',
      store: async ({ holder, params }) => await apps.delete(holder.tenantId, params.app_id),
    },
  })
}

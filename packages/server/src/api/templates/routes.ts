import { z } from 'zod'
import { defined } from '../../core/defined.ts'
import { PomboError } from '../../core/error.ts'
import { uuidv7 } from '../../core/id.ts'
import type { Rebuild } from '../attempts/sent.ts'
import { withHealth } from '../endpoints/collection.ts'
import { refuseUnknownTypes } from '../endpoints/event-types.ts'
import { endpointIn, endpointWithHealth, settingsOf } from '../endpoints/schema.ts'
import { component } from '../field.ts'
import type { StoredMessage } from '../history/messages/store.ts'
import { requireMessage } from '../messages/routes.ts'
import { json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { templates } from './catalogue.ts'
import { draftOf } from './draft.ts'
import { showTemplate, templateOut, tryIn, tryOut, useIn } from './schema.ts'
import { checkValues, refuseUnknownValues, type Template } from './template.ts'
import { showCoded } from '../coded.ts'

export type TemplateDeps = Needs<
  'db' | 'payloads' | 'endpoints' | 'clock' | 'eventTypes' | 'routesOf'
> & { rebuild: Rebuild }

const tag = 'Template'

/** Endpoints that are ready but for a few values: `api/templates/template.ts`. */
export function templateRoutes(deps: TemplateDeps): Route[] {
  return [
    route({
      at: 'GET /api/v1/template',
      id: 'v1.template.list',
      tag,
      summary: 'List the templates that endpoints can be made of',
      access: 'app',
      answers: {
        200: {
          description: 'All templates',
          body: component('TemplatesOut', { data: z.array(templateOut) }),
        },
      },
      handle: () => json(200, { data: templates.map(showTemplate) }),
    }),
    tryRoute(deps),
    useRoute(deps),
  ]
}

function templateOf(id: string): Template {
  const found = templates.find((one) => one.id === id)
  if (found === undefined) throw new PomboError('not_found', { what: 'template', id })
  return found
}

function tryRoute({ clock, routesOf, rebuild, ...messages }: TemplateDeps): Route {
  return route({
    at: 'POST /api/v1/app/{app_id}/template/{template_id}/try',
    id: 'v1.template.try',
    tag,
    summary: "Show what a template's endpoint would be sent, without making it",
    description:
      "Its signature is not among the headers: it is made with the endpoint's own secret. Nothing is sent.",
    access: 'app',
    idempotency: 'own',
    body: tryIn,
    answers: { 200: { description: 'The request', body: tryOut } },
    async handle({ params: { template_id }, body, holder, appId: app }) {
      const template = templateOf(template_id)
      refuseUnknownValues(template, body.values)
      const routes = await routesOf(holder.tenantId, app)
      if (routes === undefined) throw new PomboError('not_found', { what: 'application', id: app })
      const endpoint = draftOf(
        { tenantId: holder.tenantId, appId: app },
        settingsOf(endpointIn.parse(template.endpoint(withExamples(template, body.values)))),
        clock.now(),
      )
      const message =
        body.messageId == null
          ? sampleOf(template, endpoint, clock.now())
          : await requireMessage(messages, app, body.messageId)
      if (message.payload === null) throw new PomboError('payload_gone', { id: body.messageId! })
      const made = await rebuild({
        message,
        endpoint,
        app: routes.app,
        deliveryId: uuidv7(clock.now()),
        number: 1,
        startedAtMs: clock.now(),
      })
      if ('problem' in made) {
        const { problem } = made
        return json(200, { request: null, problem, problemCoded: showCoded(problem) })
      }
      const headers = Object.entries(made.headers).map(([name, value]) => ({ name, value }))
      return json(200, {
        request: { url: made.url, headers, body: made.body },
        problem: null,
        problemCoded: null,
      })
    },
  })
}

function useRoute({ db, endpoints, eventTypes }: TemplateDeps): Route {
  return route({
    at: 'POST /api/v1/app/{app_id}/template/{template_id}/endpoint',
    id: 'v1.template.use',
    tag,
    summary: 'Make an endpoint of a template',
    access: 'app',
    body: useIn,
    answers: { 201: { description: 'The endpoint', body: endpointWithHealth } },
    async handle({ params: { template_id }, body: { values, ...besides }, holder, appId: app }) {
      const template = templateOf(template_id)
      const made = endpointIn.parse({
        description: template.name,
        ...template.endpoint(checkValues(template, values)),
        ...defined(besides),
      })
      await refuseUnknownTypes(eventTypes, holder, made.eventTypes)
      const { secret, ...settings } = settingsOf(made)
      const endpoint = await endpoints.create(
        { tenantId: holder.tenantId, appId: app },
        { ...settings, ...(secret === undefined ? {} : { secret }) },
      )
      return json(201, await withHealth(db, endpoint))
    },
  })
}

/** For a look while it is still typed: whatever does not do yet is as in the example. */
function withExamples(
  template: Template,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    template.fields.flatMap((field) => {
      const one = { ...template, fields: [field] }
      try {
        const typed = checkValues(one, { [field.name]: given[field.name] ?? '' })
        return Object.entries(typed)
      } catch {
        return [[field.name, field.example]]
      }
    }),
  )
}

function sampleOf(
  { sample: { eventType, payload } }: Template,
  { tenantId, appId: app }: { tenantId: string; appId: string },
  nowMs: number,
): StoredMessage {
  const text = JSON.stringify(payload)
  return {
    id: uuidv7(nowMs),
    tenantId,
    appId: app,
    eventType,
    eventId: null,
    channels: null,
    tags: null,
    payload: text,
    payloadBytes: Buffer.byteLength(text),
    unmatched: null,
    form: null,
    orderingKey: null,
    priority: 'normal',
    createdAtMs: nowMs,
  }
}

import { z } from 'zod'
import { PomboError } from '../../core/error.ts'
import type { EventTypes } from '../../registry/event-types/store.ts'
import { eventTypeName, flag } from '../field.ts'
import { listOf, orderQuery, pageOf, pageQuery, readCursor } from '../pagination.ts'
import type { Holder } from '../access.ts'
import { empty, json, type Route, route } from '../route.ts'
import { refuseInvalidSchemas } from './json-schema.ts'
import {
  eventTypeIn,
  eventTypeOut,
  eventTypePatch,
  eventTypeUpdate,
  settingsOf,
  showEventType,
} from './schema.ts'

const tag = 'Event Type'
const params = z.object({ event_type_name: eventTypeName })
const out = { description: 'The event type', body: eventTypeOut }

// A name may begin with "-", which marks an iterator that goes back.
const mark = 'type_'

function isShownTo({ featureFlags }: Holder, flag: string | null): boolean {
  return flag === null || featureFlags === null || featureFlags.includes(flag)
}

export function eventTypeRoutes(eventTypes: EventTypes): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/event-type',
      id: 'v1.event-type.list',
      tag,
      summary: 'List event types, by name',
      access: 'app',
      query: z.object({
        ...pageQuery,
        ...orderQuery,
        include_archived: flag
          .optional()
          .meta({ description: 'Archived ones too', type: 'boolean' }),
        with_content: flag
          .optional()
          .meta({ description: 'Answer their schemas', type: 'boolean' }),
      }),
      answers: { 200: { description: 'A page of event types', body: listOf(eventTypeOut) } },
      async handle({ holder, query }) {
        const cursor = readCursor(query, 'ascending', (text) =>
          text.startsWith(mark) ? text.slice(mark.length) : undefined,
        )
        const found = await eventTypes.list(holder.tenantId, {
          limit: cursor.limit,
          after: cursor.at === null ? undefined : { name: cursor.at },
          order: cursor.ascending !== cursor.back ? 'ascending' : 'descending',
          includeArchived: query.include_archived === true,
          flags: holder.featureFlags,
        })
        const show = (type: (typeof found.rows)[number]) =>
          showEventType(type, query.with_content === true)
        return json(
          200,
          pageOf(found.rows, cursor, ({ name }) => mark + name, show, found.more),
        )
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/event-type',
      id: 'v1.event-type.create',
      tag,
      summary: 'Create an event type',
      description:
        'An archived one is taken out of the archive. Messages of types that were never created are accepted too.',
      access: 'tenant',
      body: eventTypeIn,
      answers: { 201: out },
      async handle({ holder, body: { name, ...given } }) {
        const settings = settingsOf(given)
        await refuseInvalidSchemas(given.schemas)
        return json(201, showEventType(await eventTypes.create(holder.tenantId, name, settings)))
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/event-type/{event_type_name}',
      id: 'v1.event-type.get',
      tag,
      summary: 'Get an event type',
      access: 'app',
      params,
      answers: { 200: out },
      async handle({ holder, params }) {
        const type = await eventTypes.get(holder.tenantId, params.event_type_name)
        // As if it were not there.
        if (!isShownTo(holder, type.featureFlag))
          throw new PomboError('not_found', { what: 'event type', id: params.event_type_name })
        return json(200, showEventType(type))
      },
    }),
    route({
      method: 'PUT',
      path: '/api/v1/event-type/{event_type_name}',
      id: 'v1.event-type.update',
      tag,
      summary: 'Set all of an event type, or create it',
      access: 'tenant',
      params,
      body: eventTypeUpdate,
      answers: { 200: out, 201: { ...out, description: 'It was not there and was created' } },
      async handle({ holder, params, body }) {
        await refuseInvalidSchemas(body.schemas)
        const { eventType, created } = await eventTypes.put(
          holder.tenantId,
          params.event_type_name,
          settingsOf(body),
        )
        return json(created ? 201 : 200, showEventType(eventType))
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/event-type/{event_type_name}',
      id: 'patch_event_type',
      tag,
      summary: 'Change parts of an event type',
      access: 'tenant',
      params,
      body: eventTypePatch,
      answers: { 200: out },
      async handle({ holder, params, body }) {
        await refuseInvalidSchemas(body.schemas)
        const { tenantId } = holder
        const changed = await eventTypes.patch(tenantId, params.event_type_name, settingsOf(body))
        return json(200, showEventType(changed))
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/event-type/{event_type_name}',
      id: 'v1.event-type.delete',
      tag,
      summary: 'Archive an event type, or delete it',
      access: 'tenant',
      params,
      query: z.object({
        expunge: flag.optional().meta({ description: 'Delete it for good', type: 'boolean' }),
      }),
      answers: { 204: { description: 'Archived or deleted' } },
      async handle({ holder, params, query }) {
        const name = params.event_type_name
        if (query.expunge === true) await eventTypes.expunge(holder.tenantId, name)
        else await eventTypes.archive(holder.tenantId, name)
        return empty
      },
    }),
  ]
}

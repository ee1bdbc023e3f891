import type { EventType, EventTypes } from '../../registry/event-types/store.ts'
import { flag } from '../field.ts'
import { resource } from '../resource.ts'
import type { Route } from '../route.ts'
import { refuseInvalidSchemas } from './json-schema.ts'
import {
  eventTypeIn,
  eventTypeOut,
  eventTypePatch,
  eventTypeUpdate,
  settingsOf,
  showEventType,
} from './schema.ts'

// A name may begin with "-", which marks an iterator that goes back.
const mark = 'type_'

export function eventTypeRoutes(eventTypes: EventTypes): Route[] {
  return resource({
    path: '/api/v1/event-type/{event_type_name}',
    id: 'v1.event-type',
    tag: 'Event Type',
    words: { one: 'an event type', many: 'event types' },
    access: 'tenant',
    out: eventTypeOut,
    show: (type: EventType) => showEventType(type),
    list: {
      summary: 'List event types, by name',
      page: 'A page of event types',
      access: 'app',
      query: {
        include_archived: flag.optional().describe('Archived ones too'),
        with_content: flag.optional().describe('Answer their schemas'),
      },
      order: 'ascending',
      iterators: {
        read: (text) => (text.startsWith(mark) ? text.slice(mark.length) : undefined),
        write: ({ name }) => mark + name,
      },
      find: async ({ holder, query }, { at, limit, order }) =>
        await eventTypes.list(holder.tenantId, {
          limit,
          order,
          after: at === null ? undefined : { name: at },
          includeArchived: query.include_archived === true,
          flags: holder.featureFlags,
        }),
      show: (types, { query }) =>
        types.map((type) => showEventType(type, query.with_content === true)),
    },
    create: {
      description:
        'An archived one is taken out of the archive. Messages of types that were never created are accepted too.',
      body: eventTypeIn,
      async store({ holder, body: { name, ...given } }) {
        const settings = settingsOf(given)
        await refuseInvalidSchemas(given.schemas)
        return await eventTypes.create(holder.tenantId, name, settings)
      },
    },
    get: {
      access: 'app',
      store: async ({ holder, params }) =>
        await eventTypes.get(holder.tenantId, params.event_type_name, holder.featureFlags),
    },
    put: {
      body: eventTypeUpdate,
      async store({ holder, params, body }) {
        await refuseInvalidSchemas(body.schemas)
        const { tenantId } = holder
        const { eventType, created } = await eventTypes.put(
          tenantId,
          params.event_type_name,
          settingsOf(body),
        )
        return { row: eventType, created }
      },
    },
    patch: {
      id: 'patch_event_type',
      body: eventTypePatch,
      async store({ holder, params, body }) {
        await refuseInvalidSchemas(body.schemas)
        return await eventTypes.patch(holder.tenantId, params.event_type_name, settingsOf(body))
      },
    },
    delete: {
      summary: 'Archive an event type, or delete it',
      query: {
        expunge: flag.optional().describe('Delete it for good'),
      },
      answers: { 204: { description: 'Archived or deleted' } },
      async store({ holder, params: { event_type_name: name }, query }) {
        if (query.expunge === true) await eventTypes.expunge(holder.tenantId, name)
        else await eventTypes.archive(holder.tenantId, name)
      },
    },
  })
}

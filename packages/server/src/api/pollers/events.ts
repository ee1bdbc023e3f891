import { z } from 'zod'
import { invalid } from '../../core/error.ts'
import { readId, uuidFloor } from '../../core/id.ts'
import { channel, eventTypeName, instant, list } from '../field.ts'
import type { Messages } from '../history/messages/store.ts'
import { type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { pageText, readMessagesFrom } from './read.ts'
import { pollOut, pollQuery } from './schema.ts'
import { say } from '../../core/sentences/sentences.ts'

const { limit, iterator } = pollQuery.shape

/** `GET …/events`: the messages of an app as a stream of pages, for who needs no polling endpoint of their own. */
export function eventsRoute(deps: Messages & Needs<'arrivals'>): Route {
  return route({
    at: 'GET /api/v1/app/{app_id}/events',
    id: 'v1.message.events',
    tag: 'Message',
    summary: 'Read the messages of an application from where an iterator stands, oldest first',
    description:
      "Some three seconds after they were accepted. In Svix's cloud only; its open-source server has no such path.",
    access: 'app',
    query: z.object({
      limit,
      iterator,
      event_types: list(eventTypeName).describe('Only these event types'),
      channels: list(channel).describe('Only what was sent on one of these channels'),
      after: instant
        .optional()
        .describe('Without an iterator: from this time on; else from the beginning'),
    }),
    answers: { 200: { description: 'Messages', body: pollOut } },
    async handle({ holder, appId, query }) {
      const wanted = {
        tenantId: holder.tenantId,
        appId,
        eventTypes: query.event_types ?? null,
        channels: null,
        filter: query.channels
          ? query.channels.map((one) => `${JSON.stringify(one)} in channels`).join(' || ')
          : null,
      }
      const page = await readMessagesFrom(
        deps,
        wanted,
        fromOf(query.iterator, query.after),
        query.limit ?? 50,
      )
      return { status: 200, text: pageText(page) }
    },
  })
}

function fromOf(iterator: string | undefined, after: number | undefined): string {
  if (iterator === undefined) return uuidFloor(Math.max(0, after ?? 0))
  const id = readId('message', iterator)
  if (id !== undefined) return id
  throw invalid(['query', 'iterator'], say('iterator_anew'))
}

import { z } from 'zod'
import { nonEmpty } from '../field.ts'
import { iso } from '../../core/clock.ts'
import { invalid } from '../../core/error.ts'
import { showId } from '../../core/id.ts'
import { payloadValue } from '../../core/raw-payload.ts'
import { compileFilter, type Filter } from '../../route/filter.ts'
import { messageJson, pageJson } from './message-json.ts'
import { filterQuery, messageOut, withContent } from './schema.ts'
import { byBytes } from '../../db/payload.ts'
import { fillPayloads, listMessages } from './store.ts'
import type { Messages, StoredMessage } from '../history/messages/store.ts'
import { listOf, pageQuery, readIdCursor } from '../pagination.ts'
import type { Reads } from '../reads.ts'
import { type Route, route } from '../route.ts'
import { say } from '../../core/sentences/sentences.ts'

/** What one request looks at, at most: a search among millions is many requests, none of which holds up the others. */
const most = { messages: 5_000, ms: 2_000, bytes: 16 * 1024 * 1024 }
const atATime = 250

const search = {
  text: nonEmpty(1_000)
    .optional()
    .describe('Only payloads with this text in them, in upper or lower case'),
  filter: nonEmpty(4_096)
    .optional()
    .meta({
      description:
        'CEL over payload, eventType, channels, tags; only messages for which it is true',
      examples: ['payload.amount > 100'],
      format: 'cel',
    }),
}

/** `GET …/msg/search`: by what payloads say, newest first. */
export function contentSearchRoute(deps: Messages & { reads: Reads }): Route {
  return route({
    at: 'GET /api/v1/app/{app_id}/msg/search',
    id: 'v1.message.search',
    tag: 'Message',
    summary: 'Search messages by their payloads, newest first',
    description:
      `Looks at up to ${most.messages.toLocaleString('en')} messages a request, so that a page may hold few or ` +
      "none and still not be the last: go on with `iterator` until `done`. Svix's open-source server has no such path.",
    access: 'app',
    query: z.object({ ...pageQuery, ...filterQuery, ...withContent, ...search }),
    answers: { 200: { description: 'What was found', body: listOf(messageOut) } },
    async handle(call) {
      const { appId, query } = call
      const from = { ...deps, db: deps.reads(call) }
      if (query.text === undefined && query.filter === undefined)
        throw invalid(['query', 'text'], say('search_empty'))
      if (query.iterator?.startsWith('-'))
        throw invalid(['query', 'iterator'], say('iterator_only_on'))
      const fits = matcher(query.text, query.filter)
      const end = performance.now() + most.ms
      const limit = query.limit ?? 50
      const found: StoredMessage[] = []
      let cursor = { ...readIdCursor(query, 'descending', 'message'), limit: atATime }
      let looked = 0
      let bytes = 0
      for (;;) {
        const rows = await listMessages(from.db, appId, query, cursor)
        let last: string | null = cursor.at
        for (const some of byBytes(rows.slice(0, atATime), most.bytes / 4)) {
          await fillPayloads(from, some)
          for (const message of some) {
            last = message.id
            looked += 1
            if (fits(message)) {
              found.push(message)
              bytes += message.payloadBytes
            } else message.payload = null
            if (found.length < limit && bytes < most.bytes) continue
            return page(found, last, false)
          }
          if (performance.now() > end) return page(found, last, rows.at(-1)?.id === last)
        }
        if (rows.length <= atATime) return page(found, last, true)
        if (looked >= most.messages) return page(found, last, false)
        cursor = { ...cursor, at: last }
      }

      function page(kept: StoredMessage[], last: string | null, done: boolean) {
        const show = (message: StoredMessage) => {
          const unmatched = `,"unmatched":${JSON.stringify(message.unmatched)}`
          return messageJson(message, query.with_content, unmatched)
        }
        const iterator = last === null ? null : showId('message', last)
        const data = kept.map(show)
        return { status: 200, text: pageJson({ data, iterator, prevIterator: null, done }) }
      }
    },
  })
}

function matcher(
  text: string | undefined,
  filter: string | undefined,
): (message: StoredMessage) => boolean {
  const wanted = text?.toLowerCase()
  let matches: Filter | undefined
  if (filter !== undefined) {
    const compiled = compileFilter(filter)
    if (!compiled.ok) throw invalid(['query', 'filter'], compiled.problem)
    matches = compiled.filter
  }
  return (message) => {
    if (message.payload === null) return false
    if (wanted !== undefined && !holds(message, wanted)) return false
    if (matches === undefined) return true
    return matches({
      payload: payloadValue(message),
      eventType: message.eventType,
      channels: message.channels ?? [],
      tags: message.tags ?? [],
      messageId: showId('message', message.id),
      timestamp: iso(message.createdAtMs),
    }).matched
  }
}

/** Text in JSON may be written with escapes: `Ol\u00e1`. */
function holds(message: StoredMessage, wanted: string): boolean {
  const payload = message.payload ?? ''
  if (payload.toLowerCase().includes(wanted)) return true
  if (!payload.includes('\\')) return false
  return (JSON.stringify(payloadValue(message)) ?? '').toLowerCase().includes(wanted)
}

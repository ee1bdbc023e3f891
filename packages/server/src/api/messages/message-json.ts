import { iso } from '../../core/clock.ts'
import { showId } from '../../core/id.ts'
import type { Message } from '../../core/message.ts'
import { shownPayload } from '../../core/raw-payload.ts'

/** What is answered instead of a payload that was not asked for, and of one that is deleted. */
const notAsked = '{}'
const deleted = '{"expired":true}'

/**
 * A message as JSON text, its payload spliced in to the letter: written anew, `1.0` would become `1`, and a deep
 * nesting would exhaust the stack. `more` are further members, already as JSON text.
 */
export function messageJson(message: Message, withContent: boolean, more = ''): string {
  const payload = withContent ? content(message) : notAsked
  // The names and ids that are checked against a pattern need no escaping; all else goes through JSON.stringify.
  return (
    `{"id":"${showId('message', message.id)}","eventType":${JSON.stringify(message.eventType)}` +
    `,"eventId":${JSON.stringify(message.eventId)},"channels":${JSON.stringify(message.channels)}` +
    `,"tags":${JSON.stringify(message.tags)},"orderingKey":${JSON.stringify(message.orderingKey)}` +
    `,"priority":"${message.priority}","timestamp":"${iso(message.createdAtMs)}"${more},"payload":${payload}}`
  )
}

function content({ payload, contentType }: Message): string {
  if (payload === null) return deleted
  return shownPayload({ payload, contentType: contentType ?? null })
}

/** A page whose items are JSON text already. */
export function pageJson(page: {
  data: string[]
  iterator: string | null
  prevIterator: string | null
  done: boolean
}): string {
  const { data, iterator, prevIterator, done } = page
  const ends = JSON.stringify({ iterator, prevIterator, done })
  return `{"data":[${data.join(',')}],${ends.slice(1)}`
}

/**
 * Payloads that were sent in raw: any text, with a content type of its own. A message without one has JSON, to the
 * letter as it came.
 */
import type { Message } from './message.ts'

type Text = Pick<Message, 'payload' | 'contentType'>

/** What a payload says; undefined: it was sent in raw, and is not JSON. */
export function payloadValue({ payload, contentType }: Text): unknown {
  if (payload === null) return null
  if (contentType == null) return JSON.parse(payload) as unknown
  try {
    return JSON.parse(payload) as unknown
  } catch {
    return undefined
  }
}

/** A payload as JSON text: one that was sent in raw and is not JSON is a string. */
export function payloadJson(message: Text & { payload: string }): string {
  const isJson = message.contentType == null || payloadValue(message) !== undefined
  return isJson ? message.payload : JSON.stringify(message.payload)
}

/** How a payload is shown: what was sent in raw as a string, whatever it is. */
export function shownPayload({ payload, contentType }: Text & { payload: string }): string {
  return contentType == null ? payload : JSON.stringify(payload)
}

const mediaType =
  /^[\w!#$&^.+-]+\/[\w!#$&^.+*-]+(?:\s*;\s*[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[\t\x20-\x21\x23-\x5b\x5d-\x7e]*"))*$/

/** What is wrong with a content type, in words; undefined: nothing. */
export function contentTypeProblem(text: string): string | undefined {
  if (text.length > 200) return 'is longer than 200 characters'
  return mediaType.test(text) ? undefined : 'is no content type, such as text/xml; charset=utf-8'
}

/** The content type that a raw payload is stored with: none where it is plain JSON, which needs nothing of all this. */
export function storedContentType(text: string, given: string | undefined): string | null {
  const contentType = given ?? 'application/json'
  const isJson = payloadValue({ payload: text, contentType }) !== undefined
  return isJson && contentType.toLowerCase() === 'application/json' ? null : contentType
}

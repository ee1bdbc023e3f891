/**
 * A request's body on its way to the gateway's mapping: as text that can be kept; and what came of it, without keys.
 */
import { isUtf8 } from 'node:buffer'
import { charsetOf, firstNotUtf8, utf8Bytes } from '../../core/charset.ts'
import { PomboError } from '../../core/error.ts'
import { mayBeUnstorable, refuseUnstorableValue } from '../../core/unstorable.ts'
import type { GatewayRequest, GatewaySource, Parsed } from '../gateway/gateway.ts'
import {
  contentType,
  formFields,
  jsonValue,
  withoutHiddenKeys,
  withoutTokens,
} from '../gateway/request.ts'
import { tooDeep } from './message.ts'

/** Signatures are over the bytes as they came: they are looked at before this. */
export async function read(gateway: GatewaySource, given: GatewayRequest): Promise<Parsed> {
  const request = await asText(given)
  const unsure = mayBeUnstorable(request.rawBody)
  if (unsure) refuseUnstorableValue(jsonValue(request.rawBody), ['body'])
  const parsed = await gateway
    .parse(request)
    .then((one) => unknownForm(one, request))
    .then((one) => withoutHiddenKeys(one, request.rawBody))
    .catch(tooDeep)
  if (gateway.strict && parsed.outcome === 'unknown')
    throw new PomboError('validation', { detail: parsed.reason })
  // Again, for JSON within JSON and for forms, which only the mapping opens.
  if (unsure) refuseUnstorableValue(parsed, ['body'])
  return parsed
}

async function asText(request: GatewayRequest): Promise<GatewayRequest> {
  const type = contentType(request)
  // Its files are of any bytes.
  if (type === 'multipart/form-data') {
    const form = await formFields(request)
    if (form) refuseDamagedFields(form, request.rawBody)
    if (form) return request
  }
  const isForm = type === 'application/x-www-form-urlencoded'
  const charset = request.headers['content-type']
  const given = isForm && !isUnicode(charset) ? unescaped(request.rawBody) : request.rawBody
  const rawBody = utf8Bytes(given, charset)
  if (isForm) refuseDamagedForm(rawBody)
  return rawBody === request.rawBody ? request : { ...request, rawBody }
}

/** What is no UTF-8 is replaced by U+FFFD as the form is read, without a word. */
function refuseDamagedFields(form: ReadonlyMap<string, string>, rawBody: Buffer): void {
  if (isUtf8(rawBody) || rawBody.includes('\ufffd')) return
  for (const [name, value] of form)
    if (value.includes('\ufffd') || name.includes('\ufffd'))
      throw new PomboError('bad_encoding', {
        encoding: 'UTF-8',
        at: firstNotUtf8(rawBody),
        hint: ` It is in the form's field "${name.slice(0, 60)}".`,
      })
}

/** A form of which the gateway makes nothing is kept by its fields: as text, its files would be damaged. */
async function unknownForm(parsed: Parsed, request: GatewayRequest): Promise<Parsed> {
  if (parsed.outcome !== 'unknown' || typeof parsed.body !== 'string') return parsed
  if (contentType(request) !== 'multipart/form-data') return parsed
  const form = await formFields(request)
  return form ? { ...parsed, body: withoutTokens(Object.fromEntries(form)) } : parsed
}

function isUnicode(type: string | undefined): boolean {
  return charsetOf(type).startsWith('utf')
}

/** With what is escaped and no ASCII as the byte that it is, in whatever charset: ASCII may be the form's own signs. */
function unescaped(form: Buffer, escaped = /%([89a-f][\da-f])/gi): Buffer {
  const text = form
    .toString('latin1')
    .replaceAll(escaped, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(text, 'latin1')
}

/** Escaped bytes (`%FF`) are to be UTF-8 as well. */
function refuseDamagedForm(form: Buffer): void {
  if (!form.includes('%')) return
  const bytes = unescaped(form, /%([\da-f]{2})/gi)
  if (!isUtf8(bytes))
    throw new PomboError('bad_encoding', {
      encoding: 'UTF-8',
      at: firstNotUtf8(bytes),
      hint: ' That is of the form with its %XX read as bytes.',
    })
}

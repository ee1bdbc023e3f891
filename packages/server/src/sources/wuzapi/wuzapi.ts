/**
 * wuzapi: whatsmeow's structs in `{type, event, state?, base64?, …}`, as a form field `jsonData` (its default),
 * as JSON, or as multipart with the file. `token`, which some versions send along, is the session's API token
 * and is dropped.
 */
import { fields, type Fields, firstText, text } from '../../core/json-values.ts'
import { qrAt } from '../gateway/mapping.ts'
import { type Origin, without, withRaw } from '../gateway/origin.ts'
import {
  contentType,
  formFields,
  formFile,
  jsonObject,
  notUnderstood,
  originOf,
  sessionOf,
  understood,
  withoutTokens,
} from '../gateway/request.ts'
import { verifyHmac } from '../gateway/signature.ts'
import type { GatewayRequest, GatewaySource, Mapped, Parsed, Verdict } from '../gateway/gateway.ts'
import { structName, whatsmeowEvents } from '../client-libraries/whatsmeow/events.ts'
import { whatsmeowMessage, whatsmeowReceipt } from '../client-libraries/whatsmeow/message.ts'

export const wuzapi: GatewaySource = { name: 'wuzapi', verify, parse }

/**
 * JSON and urlencoded bodies are signed as they are sent (Go sorts a form's keys on both occasions). Of a
 * multipart body, what is signed is its text fields as Go's JSON: keys sorted, and `<`, `>`, `&` escaped.
 */
async function verify(request: GatewayRequest, secret: string): Promise<Verdict> {
  if (contentType(request) !== 'multipart/form-data')
    return verifyHmac(request, 'x-hmac-signature', secret)
  const form = await formFields(request)
  if (!form) return request.headers['x-hmac-signature'] ? 'bad' : 'absent'
  return verifyHmac(request, 'x-hmac-signature', secret, 'sha256', goJson(form))
}

const escapes: Record<string, string> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

function goJson(form: Map<string, string>): string {
  // Go sorts by bytes, which for these ASCII names is what sorting by UTF-16 units gives.
  const sorted = Object.fromEntries([...form].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
  return JSON.stringify(sorted).replace(/[<>&\u2028\u2029]/g, (character) => escapes[character]!)
}

async function parse(request: GatewayRequest): Promise<Parsed> {
  const form = await formFields(request)
  const json = form ? form.get('jsonData') : request.rawBody
  const body = json === undefined ? undefined : jsonObject(json)
  const type = text(body?.['type'])
  if (!body || type === null) {
    if (form)
      return {
        outcome: 'unknown',
        name: 'unknown',
        session: request.session,
        body: withoutTokens({
          ...Object.fromEntries(form),
          ...(body && { jsonData: withoutTokens(body) }),
        }),
        reason: body ? 'jsonData has no event type' : 'the form has no jsonData',
      }
    return notUnderstood(request, 'the body has no event type')
  }
  const session = sessionOf(
    request,
    'wuzapi',
    form?.get('instanceName'),
    body['instanceName'],
    form?.get('userID'),
    body['userID'],
  )
  const origin = originOf(request, 'wuzapi', session, type, json)
  return understood(eventsOf(origin, body, await formFile(request)))
}

type SentFile = Awaited<ReturnType<typeof formFile>>

const qr = qrAt([], 'qrCodeBase64', [])

function eventsOf(origin: Origin, body: Fields, file: SentFile): Mapped {
  // A QR code is a string beside the event, not in it.
  if (text(body['qrCodeBase64']) !== null) return qr(origin, without(body, 'token'))
  const event = fields(body['event']) ?? {}
  const extra = without(body, 'type', 'event', 'token', 'base64', 'userID', 'instanceName')
  const name = structName(origin.name)
  const mappedEvents =
    name === 'Message'
      ? message(origin, event, body, file)
      : name === 'Receipt'
        ? whatsmeowReceipt(origin, event, body['state'])
        : whatsmeowEvents(origin, event)
  // What wuzapi adds to the struct (`state`, `s3`, `fileName`, …) stays with it.
  if (Object.keys(extra).length === 0) return mappedEvents
  return withRaw(mappedEvents, (raw) => ({ ...extra, ...fields(raw) }))
}

function message(origin: Origin, event: Fields, body: Fields, file: SentFile): Mapped {
  const s3 = fields(body['s3'])
  const stored = {
    base64: text(body['base64']) ?? file?.bytes.toString('base64') ?? null,
    url: firstText(s3?.['url'], body['mediaUrl'], body['fileUrl']),
    fileName: text(body['fileName']),
    mimetype: text(body['mimeType']) ?? file?.mimetype ?? null,
  }
  return whatsmeowMessage(origin, event, {
    stored,
    sentBy: origin.name === 'SendMessage' ? 'api' : null,
  })
}

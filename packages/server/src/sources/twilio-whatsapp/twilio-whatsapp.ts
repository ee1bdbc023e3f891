/**
 * WhatsApp by Twilio: a form a message or a status, signed over address and form with the account's auth token, as all
 * of Twilio's webhooks are (signed/presets). Twilio tells of texts, files, places, contacts and buttons; of edits,
 * reactions and groups it tells nothing.
 *
 * Parameters from Twilio's public documentation of its messaging webhooks.
 */
import { entry, type Fields, firstText, text } from '../../core/json-values.ts'
import { chatOf, personOf } from '../../whatsapp/identity/jid.ts'
import { emptyContent } from '../../whatsapp/message/content.ts'
import { locationOf, quoting } from '../../whatsapp/message/flat.ts'
import type { ContentType, MessageContent, MessageStatus } from '../../whatsapp/message/message.ts'
import { toNumber } from '../../whatsapp/wire/json-shapes.ts'
import type { GatewayRequest, GatewaySource, Mapped, Parsed } from '../gateway/gateway.ts'
import { readingEvents, receiptBy, statusEvent } from '../gateway/message-events.ts'
import { fallback, mapped, type Origin } from '../gateway/origin.ts'
import { formFields, notUnderstood, originOf, sessionOf, understood } from '../gateway/request.ts'
import { twilioAnswer, twilioScheme } from '../client-libraries/twilio/twilio.ts'
import { readerOf } from '../gateway/reader.ts'
import { verifyScheme } from '../gateway/verify-scheme.ts'

export const twilioWhatsApp: GatewaySource = {
  name: 'twilio-whatsapp',
  absent: 'the header x-twilio-signature is missing',
  verify: async (request, secret) => verifyScheme(twilioScheme, await readerOf(request), secret),
  parse,
  answer: async () => twilioAnswer,
}

async function parse(request: GatewayRequest): Promise<Parsed> {
  const form = await formFields(request)
  const body: Fields = Object.fromEntries(form ?? [])
  const sid = firstText(body['MessageSid'], body['SmsSid'], body['SmsMessageSid'])
  if (sid === null) return notUnderstood(request, 'the form has no MessageSid')
  const state = text(body['MessageStatus'])
  const [own, other] = state === null ? ['To', 'From'] : ['From', 'To']
  const me = personOf(jidOf(body[own]))
  const session = sessionOf(request, 'twilio-whatsapp', me?.phone)
  const name = state === null ? 'message' : `status.${state}`
  const origin = { ...originOf(request, 'twilio-whatsapp', session, name), me, id: sid }
  const chat = chatOf(jidOf(body[other]), undefined, text(body['ProfileName']))
  if (!chat) return understood(mapped(fallback(origin, body, undefined, {})))
  const about = { origin, raw: body, chat, messageId: sid, at: undefined }
  return understood(state === null ? received(about, body) : step(about, state, body))
}

interface About {
  origin: Origin
  raw: Fields
  chat: NonNullable<ReturnType<typeof chatOf>>
  messageId: string
  at: undefined
}

/** `whatsapp:+5511…`; null for a number of another channel. */
function jidOf(value: unknown): string | null {
  const [, digits] = /^whatsapp:\+?(\d+)$/.exec(text(value) ?? '') ?? []
  return digits === undefined ? null : `${digits}@s.whatsapp.net`
}

const steps: Readonly<Record<string, MessageStatus>> = {
  sent: 'server_ack',
  delivered: 'delivered',
  read: 'read',
  failed: 'failed',
  undelivered: 'failed',
}

/** `queued`, `sending`, `accepted`: nothing that WhatsApp has said, so passed on as it came. */
function step(about: About, state: string, body: Fields): Mapped {
  const status = entry(steps, state)
  const { origin, chat } = about
  if (status === undefined) return mapped(fallback(origin, body, undefined, { chat, fromMe: true }))
  const told = { ...about, fromMe: true }
  const code = text(body['ErrorCode'])
  const message = firstText(body['ErrorMessage'], body['ChannelStatusMessage'])
  const failure = { code, message: message ?? `Twilio's error ${code ?? 'without a code'}` }
  return mapped(
    statusEvent(told, status, status === 'server_ack' ? null : receiptBy(told), null, failure),
  )
}

function received(about: About, body: Fields): Mapped {
  const { chat } = about
  const sender = personOf(chat.id, undefined, chat.name)
  return readingEvents(
    { ...about, sender, fromMe: false },
    { kind: 'content', content: contentOf(body) },
  )
}

const kinds: Readonly<Record<string, ContentType>> = {
  image: 'image',
  video: 'video',
  audio: 'audio',
  application: 'document',
  text: 'document',
}

function contentOf(body: Fields): MessageContent {
  const content: MessageContent = { ...kindOf(body), text: text(body['Body']) }
  const quoted = text(body['OriginalRepliedMessageSid'])
  if (quoted !== null) {
    const senderId = jidOf(body['OriginalRepliedMessageSender'])
    content.quoted = quoting(quoted, { senderId })
  }
  if (body['Forwarded'] === 'true' || body['FrequentlyForwarded'] === 'true')
    content.forwarded = true
  const url = text(body['ReferralSourceUrl'])
  if (url !== null)
    content.link = {
      url,
      title: text(body['ReferralHeadline']),
      description: text(body['ReferralBody']),
    }
  return content
}

function kindOf(body: Fields): MessageContent {
  const [button, row] = [text(body['ButtonText']), text(body['ListTitle'])]
  if (button !== null)
    return {
      ...emptyContent('button_reply'),
      reply: { id: text(body['ButtonPayload']), title: button },
    }
  if (row !== null)
    return { ...emptyContent('list_reply'), reply: { id: text(body['ListId']), title: row } }
  const [latitude, longitude] = [toNumber(body['Latitude']), toNumber(body['Longitude'])]
  if (latitude !== null && longitude !== null) {
    const place = { latitude, longitude, name: body['Label'], address: body['Address'] }
    return { ...emptyContent('location'), location: locationOf(place) }
  }
  const [storedUrl, mimetype] = [text(body['MediaUrl0']), text(body['MediaContentType0'])]
  if (storedUrl === null || mimetype === null) return emptyContent('text')
  if (/^text\/(x-)?vcard/.test(mimetype))
    return {
      ...emptyContent('contact'),
      contacts: [{ name: null, vcard: null }],
      media: { storedUrl, mimetype },
    }
  const type = mimetype === 'image/webp' ? 'sticker' : entry(kinds, mimetype.split('/')[0])
  return { ...emptyContent(type ?? 'document'), media: { storedUrl, mimetype } }
}

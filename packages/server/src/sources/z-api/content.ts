/** What a message of Z-API's says: one member a kind. */
import { entry, fields, type Fields, list, text } from '../../core/json-values.ts'
import { emptyContent } from '../../whatsapp/message/content.ts'
import { locationOf, quoting, replying, saying } from '../../whatsapp/message/flat.ts'
import { present } from '../../whatsapp/message/present.ts'
import type { ContentType, Media, MessageContent } from '../../whatsapp/message/message.ts'
import { toNumber } from '../../whatsapp/wire/json-shapes.ts'

type Reader = (item: Fields, body: Fields) => MessageContent

/** Files of the kind `name` are under `<name>Url`, and kept for 30 days. */
function file(name: string, type: ContentType): Reader {
  return (item) => {
    const media: Media = present({
      storedUrl: text(item[`${name}Url`]),
      mimetype: text(item['mimeType']),
      fileName: text(item['fileName']),
      title: text(item['title']),
      pageCount: toNumber(item['pageCount']),
      seconds: toNumber(item['seconds']),
      ptt: item['ptt'] === true,
    })
    return { ...saying(type, `${name}Message`, item['caption']), media }
  }
}

function card(value: unknown) {
  const one = fields(value) ?? {}
  return { name: text(one['displayName']), vcard: text(one['vCard']) }
}

/** In this order: a text may stand beside what it belongs to. */
const readers: Readonly<Record<string, Reader>> = {
  image: file('image', 'image'),
  video: file('video', 'video'),
  ptv: file('ptv', 'video'),
  audio: file('audio', 'audio'),
  document: file('document', 'document'),
  sticker: file('sticker', 'sticker'),
  contact: (item) => ({ ...emptyContent('contact', 'contactMessage'), contacts: [card(item)] }),
  location: (item) => ({
    ...emptyContent('location', 'locationMessage'),
    location: locationOf(item),
  }),
  buttonsResponseMessage: (item) =>
    replying('button_reply', 'buttonsResponseMessage', item['buttonId'], item['message']),
  listResponseMessage: (item) =>
    replying('list_reply', 'listResponseMessage', item['selectedRowId'], item['title']),
  poll: (item) => {
    const name = text(item['question']) ?? ''
    const options = list(item['options']).map((one) => text(fields(one)?.['name']) ?? '')
    const selectableCount = toNumber(item['pollMaxOptions'])
    return {
      ...saying('poll', 'pollCreationMessage', name),
      poll: { name, options, selectableCount },
    }
  },
  pinMessage: (item) => {
    const messageId = text(fields(item['referencedMessage'])?.['messageId']) ?? ''
    const pinned = item['action'] !== 'unpin'
    return { ...emptyContent('pin', 'pinInChatMessage'), pin: { messageId, pinned } }
  },
  order: (item) => saying('order', 'orderMessage', item['message'] || item['orderTitle']),
  reviewAndPay: () => saying('order', 'reviewAndPay', null),
  reviewOrder: () => saying('order', 'reviewOrder', null),
  product: (item) => saying('product', 'productMessage', item['title']),
  requestPayment: () => saying('payment', 'requestPaymentMessage', null),
  sendPayment: () => saying('payment', 'sendPaymentMessage', null),
  text: (item) => saying('text', 'conversation', item['message']),
}

/** Undefined where nothing is said. */
export function contentOf(body: Fields): MessageContent | undefined {
  const kind = Object.keys(readers).find((name) => fields(body[name]) !== undefined)
  const content = kind && entry(readers, kind)?.(fields(body[kind])!, body)
  const cards = list(body['contacts'])
  if (!content)
    return cards.length === 0
      ? undefined
      : { ...emptyContent('contact', 'contactsArrayMessage'), contacts: cards.map(card) }
  const quoted = text(body['referenceMessageId'])
  if (quoted !== null) content.quoted = quoting(quoted)
  if (body['forwarded'] === true) content.forwarded = true
  const expirationSeconds = toNumber(body['messageExpirationSeconds'])
  if (expirationSeconds) content.expirationSeconds = expirationSeconds
  const advert = fields(body['externalAdReply']) ?? fields(body['text'])
  const url = text(advert?.['sourceUrl']) ?? text(advert?.['url'])
  if (url !== null)
    content.link = {
      url,
      title: text(advert?.['title']),
      description: text(advert?.['body']) ?? text(advert?.['description']),
    }
  return content
}

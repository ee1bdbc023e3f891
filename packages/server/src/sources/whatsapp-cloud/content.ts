/** What a message of the Cloud API says: `type` names the member that holds it. */
import { entry, fields, type Fields, firstText, list, text } from '../../core/json-values.ts'
import { emptyContent } from '../../whatsapp/message/content.ts'
import { fileKinds, locationOf, quoting, replying, saying } from '../../whatsapp/message/flat.ts'
import { present } from '../../whatsapp/message/present.ts'
import type { Media, MessageContent } from '../../whatsapp/message/message.ts'
import { phoneJid } from './people.ts'

/** Meta keeps the file: `url` opens with the account's token for five minutes, `id` gives a new one. */
function mediaOf(item: Fields): Media {
  const id = text(item['id'])
  return present({
    url: text(item['url']),
    storedUrl: id && `https://graph.facebook.com/${id}`,
    mimetype: text(item['mime_type']),
    fileSha256: text(item['sha256']),
    fileName: text(item['filename']),
    ptt: item['voice'] === true,
    animated: item['animated'] === true,
  })
}

type Reader = (item: Fields, message: Fields) => MessageContent

const readers: Readonly<Record<string, Reader>> = {
  text: (item) => saying('text', 'conversation', text(item['body'])),
  location: (item) => ({
    ...emptyContent('location', 'locationMessage'),
    location: locationOf(item),
  }),
  // A button of a template.
  button: (item) =>
    replying('button_reply', 'templateButtonReplyMessage', item['payload'], item['text']),
  interactive(item) {
    const [button, row, form] = ['button_reply', 'list_reply', 'nfm_reply'].map((kind) =>
      fields(item[kind]),
    )
    if (button)
      return replying('button_reply', 'buttonsResponseMessage', button['id'], button['title'])
    if (row) return replying('list_reply', 'listResponseMessage', row['id'], row['title'])
    // A Flow's answers are JSON in a text.
    if (form)
      return replying(
        'interactive',
        'interactiveResponseMessage',
        form['response_json'],
        form['body'],
      )
    return saying('interactive', 'interactiveMessage', null)
  },
  order: (item) => saying('order', 'orderMessage', text(item['text'])),
  system: (item) => ({
    ...saying('system', 'protocolMessage', text(item['body'])),
    stub: {
      type: text(item['type']) ?? 'unknown',
      parameters: [firstText(item['wa_id'], item['new_wa_id'], item['customer'])].filter(
        (one) => one !== null,
      ),
    },
  }),
}

/** Undefined for a type that no canonical form covers. */
export function contentOf(message: Fields): MessageContent | undefined {
  const type = text(message['type']) ?? ''
  const item = fields(message[type]) ?? {}
  const content = kindOf(type, item, message)
  if (!content) return undefined
  const context = fields(message['context'])
  const quoted = text(context?.['id'])
  if (quoted !== null) content.quoted = quoting(quoted, { senderId: phoneJid(context?.['from']) })
  if (context?.['forwarded'] === true || context?.['frequently_forwarded'] === true)
    content.forwarded = true
  const referral = fields(message['referral'])
  const source = text(referral?.['source_url'])
  if (source !== null)
    content.link = {
      url: source,
      title: text(referral?.['headline']),
      description: text(referral?.['body']),
    }
  return content
}

function kindOf(type: string, item: Fields, message: Fields): MessageContent | undefined {
  const file = entry(fileKinds, type)
  if (file) return { ...saying(...file, text(item['caption'])), media: mediaOf(item) }
  if (type === 'contacts')
    return {
      ...emptyContent('contact', 'contactsArrayMessage'),
      contacts: list(message['contacts']).map((card) => ({
        name: text(fields(fields(card)?.['name'])?.['formatted_name']),
        vcard: null,
      })),
    }
  return entry(readers, type)?.(item, message)
}

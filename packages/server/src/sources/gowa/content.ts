/** What a message of go-whatsapp-web-multidevice says: each kind of content is a member of its own. Both versions. */
import { contactsOf, emptyContent } from '../../whatsapp/message/content.ts'
import { fileKinds, locationOf, quoting } from '../../whatsapp/message/flat.ts'
import { present } from '../../whatsapp/message/present.ts'
import type { Media, MessageContent } from '../../whatsapp/message/message.ts'
import { respell } from '../../whatsapp/wire/spelling.ts'
import { fields, type Fields, firstText, list, text } from '../../core/json-values.ts'

const media = { ...fileKinds, video_note: ['video', 'ptvMessage'] } as const

/** A path, or `{path | media_path | url, mime_type?, caption?, filename?}`. */
function mediaOf(value: unknown, key: string): Media {
  const item = fields(value) ?? {}
  return present({
    url: text(item['url']),
    storedUrl: text(value) ?? firstText(item['path'], item['media_path']),
    mimetype: firstText(item['mime_type'], item['mimetype']),
    fileName: firstText(item['filename'], item['file_name']),
    ptv: key === 'ptvMessage',
  })
}

/** `body`: the text or caption; `repliedTo`, `quoted`: of the message that this one answers. */
export function gowaContent(
  event: Fields,
  body: string | null,
  repliedTo: string | null,
  quoted: string | null,
): MessageContent {
  const content = kindOf(event)
  content.text = body ?? content.text
  if (repliedTo !== null) content.quoted = quoting(repliedTo, { text: quoted })
  if (event['forwarded'] === true) content.forwarded = true
  if (event['view_once'] === true) content.viewOnce = true
  return content
}

function kindOf(event: Fields): MessageContent {
  for (const [name, [type, key]] of Object.entries(media)) {
    const value = event[name]
    if (value === undefined || value === null || value === '') continue
    const content = emptyContent(type, key)
    content.media = mediaOf(value, key)
    content.text = text(fields(value)?.['caption'])
    return content
  }
  for (const name of ['location', 'live_location']) {
    const place = fields(respell(event[name]))
    if (!place) continue
    const content = emptyContent(
      'location',
      name === 'location' ? 'locationMessage' : 'liveLocationMessage',
    )
    content.location = locationOf({
      latitude: place['degreesLatitude'],
      longitude: place['degreesLongitude'],
      name: place['name'],
      address: place['address'],
      live: name === 'live_location',
    })
    return content
  }
  const cards = fields(event['contact']) ? [event['contact']] : list(event['contacts_array'])
  if (cards.length > 0) {
    const content = emptyContent(
      'contact',
      fields(event['contact']) ? 'contactMessage' : 'contactsArrayMessage',
    )
    content.contacts = contactsOf(cards)
    return content
  }
  const content = emptyContent('text')
  const other = [
    ['list', 'interactive'],
    ['order', 'order'],
  ] as const
  const found = other.find(([name]) => fields(event[name]))
  if (found) {
    content.type = found[1]
    content.text = firstText(
      fields(event[found[0]])?.['title'],
      fields(event[found[0]])?.['message'],
      fields(event[found[0]])?.['orderTitle'],
    )
  }
  return content
}

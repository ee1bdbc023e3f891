/** What a message of WPPConnect's says: WhatsApp Web's own model of it. */
import { entry, fields, type Fields, firstText, list, text } from '../../core/json-values.ts'
import { normaliseJid } from '../../whatsapp/identity/jid.ts'
import { emptyContent } from '../../whatsapp/message/content.ts'
import { locationOf } from '../../whatsapp/message/flat.ts'
import type { ContentType, Media, MessageContent } from '../../whatsapp/message/message.ts'
import { toNumber } from '../../whatsapp/wire/json-shapes.ts'
import { webTypes } from '../client-libraries/whatsapp-web/serialized.ts'
import { keyOf, serialized } from './keys.ts'

const files = new Set<ContentType>(['image', 'video', 'audio', 'document', 'sticker'])

export function contentOf(body: Fields): MessageContent {
  const type = entry(webTypes, body['type']) ?? 'unknown'
  const content = emptyContent(type)
  // The body of a file is a thumbnail or the file, that of a place a picture of the map.
  if (files.has(type)) {
    content.media = mediaOf(body, type)
    content.text = text(body['caption'])
  } else fill(content, type, body)
  content.quoted = quotedOf(body)
  content.mentions = list(body['mentionedJidList']).flatMap((one) => {
    const jid = normaliseJid(serialized(one))
    return jid === null ? [] : [jid]
  })
  if (body['isForwarded'] === true) content.forwarded = true
  if (body['isViewOnce'] === true) content.viewOnce = true
  return content
}

function mediaOf(body: Fields, type: ContentType): Media {
  const [size, seconds] = [toNumber(body['size']), toNumber(body['duration'])]
  const told = {
    url: firstText(body['deprecatedMms3Url'], body['clientUrl']),
    directPath: text(body['directPath']),
    mediaKey: text(body['mediaKey']),
    mediaKeyTimestamp: toNumber(body['mediaKeyTimestamp']),
    fileLength: size,
    fileSha256: text(body['filehash']),
    fileEncSha256: text(body['encFilehash']),
    mimetype: text(body['mimetype']),
    seconds,
    fileName: text(body['filename']),
    pageCount: toNumber(body['pageCount']),
    width: toNumber(body['width']),
    height: toNumber(body['height']),
    storedUrl: text(body['fileUrl']),
    base64: fileIn(body, size),
  }
  const known = Object.entries(told).filter(([, value]) => value !== null)
  return {
    ...Object.fromEntries(known),
    ...(type === 'audio' ? { ptt: body['type'] === 'ptt' } : {}),
    ...(body['isGif'] === true ? { gifPlayback: true } : {}),
  }
}

/** With `autoDownload` the body is the file, else its thumbnail: told apart by the file's size. */
export function fileIn(body: Fields, size: number | null): string | null {
  const given = text(body['body'])
  if (given === null || size === null) return null
  const padding = given.endsWith('==') ? 2 : given.endsWith('=') ? 1 : 0
  return (given.length / 4) * 3 - padding === size ? given : null
}

function fill(content: MessageContent, type: ContentType, body: Fields): void {
  switch (type) {
    case 'location':
      content.location = locationOf({
        latitude: body['lat'],
        longitude: body['lng'],
        name: firstText(body['loc']),
        url: body['clientUrl'],
        live: body['isLive'],
      })
      return
    case 'contact': {
      const cards = list(body['vcardList'])
      content.contacts = (cards.length > 0 ? cards : [body]).map((one) => {
        const card = fields(one) ?? {}
        const name = firstText(card['displayName'], card['vcardFormattedName'])
        return { name, vcard: firstText(card['vcard'], card['body']) }
      })
      return
    }
    case 'poll': {
      const options = list(body['pollOptions']).map((one) => text(fields(one)?.['name']) ?? '')
      const selectableCount = toNumber(body['pollSelectableOptionsCount'])
      content.poll = { name: text(body['pollName']) ?? '', options, selectableCount }
      content.text = content.poll.name
      return
    }
    case 'list_reply': {
      const reply = fields(body['listResponse'])
      const row = fields(reply?.['singleSelectReply'])
      content.reply = { id: text(row?.['selectedRowId']), title: text(reply?.['title']) }
      content.text = content.reply.title ?? text(body['body'])
      return
    }
    case 'button_reply': {
      const title = text(body['body'])
      content.reply = { id: firstText(body['selectedButtonId'], body['selectedId']), title }
      content.text = title
      return
    }
    case 'group_invite': {
      const [groupId, groupName] = [serialized(body['inviteGrp']), text(body['inviteGrpName'])]
      const code = text(body['inviteCode'])
      content.groupInvite = { groupId: normaliseJid(groupId), groupName, code }
      return
    }
    default:
      content.text = firstText(body['body'], body['content'], body['caption'], body['title'])
  }
}

function quotedOf(body: Fields) {
  const quoted = fields(body['quotedMsg']) ?? fields(body['quotedMsgObj'])
  const id = keyOf(body['quotedMsgId'] ?? quoted?.['id'])?.messageId
  const messageId = id ?? firstText(body['quotedStanzaID'], body['quotedMsgId'])
  if (!messageId) return null
  const type = entry(webTypes, quoted?.['type']) ?? null
  const senderId = normaliseJid(
    serialized(body['quotedParticipant']) ?? serialized(quoted?.['author']),
  )
  const words = type === 'text' ? text(quoted?.['body']) : text(quoted?.['caption'])
  return { messageId, senderId, chatId: null, type, text: words }
}

/** What WAHA's `message.edited` says, which its engines fill in differently. */
import { fields, type Fields, text } from '../../core/json-values.ts'
import type { MessageContent } from '../../whatsapp/message/message.ts'
import { splitId } from '../client-libraries/whatsapp-web/serialized.ts'
import { engineReading, wahaContent } from './message.ts'

/** WEBJS gives the edited message itself, whose id and time tell no edit of it from the next. */
export function tellsItsEdit(payload: Fields): boolean {
  return idOf(payload['id']) !== idOf(payload['editedMessageId'])
}

/** Of what does not tell its edit's, WEBJS' own time of the edit; without that, the envelope's counts. */
export function editedAt(payload: Fields): unknown {
  return tellsItsEdit(payload)
    ? payload['timestamp']
    : fields(payload['_data'])?.['latestEditSenderTimestampMs']
}

/** The new content, also where the engine's message is the edit around it. */
export function editedContent(payload: Fields): MessageContent {
  const engine = engineReading(payload)
  const content = wahaContent(payload)
  return engine.kind === 'edit'
    ? { ...engine.content, text: engine.content.text ?? content.text }
    : content
}

function idOf(value: unknown): string | null {
  return splitId(value)?.messageId ?? text(value)
}

import { z } from 'zod'
import { chatKinds, contentTypes } from '../whatsapp/message/message.ts'

const jids = z
  .array(z.string().max(128).meta({ pattern: String.raw`^[\w.+:@-]+$` }))
  .max(1_000)
  .meta({ minItems: 1 })
const types = z
  .array(z.string().max(256).meta({ pattern: String.raw`^(?:\*|[\w\-.]+(?:\.\*)?)$` }))
  .max(1_000)
  .meta({ minItems: 1 })

/** Of sources and of endpoints. What may stand in the lists whatsapp/chat-filter.ts knows, and says in its 422. */
export const chatFilter = z
  .object({
    events: types.optional().meta({
      description: 'Only these event types; `message.*` means all below',
      examples: [['message.*', 'session.*']],
    }),
    exceptEvents: types.optional().meta({ description: 'All but these; wins over `events`' }),
    chatKinds: z
      .array(z.enum(chatKinds) as z.ZodType<string>)
      .meta({ minItems: 1 })
      .optional()
      .meta({
        description: 'Of events in a chat, only those in chats of these kinds',
        examples: [['person', 'group']],
      }),
    fromMe: z.boolean().optional().meta({
      description:
        'Of messages, edits, reactions and votes: true, only those of the account itself; false, only those of others',
    }),
    messageTypes: z
      .array(z.enum(contentTypes) as z.ZodType<string>)
      .meta({ minItems: 1 })
      .optional()
      .meta({ description: 'Of messages, only those of these types' }),
    allow: jids.optional().meta({
      description: 'Of events of a chat or a person, only these, by JID or phone number',
      examples: [['5511999990001', '120363012345678901@g.us']],
    }),
    deny: jids.optional().meta({ description: 'None of these; wins over `allow`' }),
    noisy: z
      .boolean()
      .optional()
      .meta({
        description:
          'Whether presence, history and their like pass where `events` does not name them; ' +
          'of sources false, of endpoints true unless given',
      }),
  })
  .meta({ id: 'ChatFilter', description: 'Only what is given is looked at' })

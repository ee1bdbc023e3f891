/**
 * A filter over chat events, as sources and endpoints store it. Only what is given is looked at.
 * `whatsapp/chat-filter.ts` compiles it.
 */
export interface ChatFilter {
  /** Only these; `message.*` means all below. */
  events?: string[]
  /** All but these; wins over `events`. */
  exceptEvents?: string[]
  chatKinds?: string[]
  /** true: only what the account itself wrote or did; false: only what others did. */
  fromMe?: boolean
  messageTypes?: string[]
  /** Only events of these chats or people, by JID or phone number; of two identities either will do. */
  allow?: string[]
  /** None of these; wins over `allow`. */
  deny?: string[]
  /** Whether presence, history and their like pass where `events` does not name them; `*` is no name. */
  noisy?: boolean
}

/** Looks at a parsed event; answers why it is kept out, as a word for counting, or null. */
export type ChatTest = (event: unknown) => string | null

/** `usuallyNoisy`: what `noisy` is unless the filter gives it. */
export type CompileChatFilter = (filter: ChatFilter, usuallyNoisy: boolean) => ChatTest

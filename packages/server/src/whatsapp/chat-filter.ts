/**
 * Filters over canonical WhatsApp events, for sources and for endpoints. Each part concerns only the events
 * that have what it looks at: a list of chat kinds keeps no session event out, and `fromMe` no receipt, which
 * is always about somebody else's doing.
 */
import type { ChatFilter } from '../core/chat-filter.ts'
import { canonicalEvents } from './catalogue.ts'
import { jidOfUser } from './identity/jid.ts'
import { chatKinds, contentTypes } from './message/message.ts'
import type { WhatsAppEvent } from './whatsapp.ts'
import { say } from '../core/sentences/sentences.ts'

/** Why an event was kept out; a word, for counting. */
export type FilterReason =
  | 'event'
  | 'noise'
  | 'chat_kind'
  | 'from_me'
  | 'message_type'
  | 'denied'
  | 'not_allowed'

const noisy: ReadonlySet<string> = new Set(
  canonicalEvents.filter((event) => event.noisy).map((event) => event.name),
)

/** Compiles a filter over canonical events. `usuallyNoisy`: what `noisy` is unless it is given. */
export function compileChatFilter(
  filter: ChatFilter,
  usuallyNoisy: boolean,
): (event: unknown) => FilterReason | null {
  const noise = filter.noisy ?? usuallyNoisy
  const only = filter.events ? namesOf(filter.events) : null
  const named = filter.events ? namesOf(filter.events.filter((name) => name !== '*')) : null
  const except = filter.exceptEvents ? namesOf(filter.exceptEvents) : null
  const kinds = filter.chatKinds ? new Set<string>(filter.chatKinds) : null
  const types = filter.messageTypes ? new Set<string>(filter.messageTypes) : null
  const allow = filter.allow ? jids(filter.allow) : null
  const deny = filter.deny ? jids(filter.deny) : null
  return (payload) => {
    const event = payload as WhatsAppEvent
    const { type } = event
    if (except?.(type)) return 'event'
    if (only && !only(type)) return 'event'
    if (!noise && noisy.has(type) && !named?.(type)) return 'noise'
    const chat = 'chat' in event ? event.chat : null
    if (kinds && chat && !kinds.has(chat.kind)) return 'chat_kind'
    if (filter.fromMe !== undefined && byMe(event) === !filter.fromMe) return 'from_me'
    if (types && 'content' in event && !types.has(event.content.type)) return 'message_type'
    if (!allow && !deny) return null
    const about = idsOf(event)
    if (about.length === 0) return null
    if (deny && about.some((id) => deny.has(id))) return 'denied'
    return allow && !about.some((id) => allow.has(id)) ? 'not_allowed' : null
  }
}

/** What is wrong with a filter that a caller gives; each problem completes "<field>: …". */
export function chatFilterProblems(filter: ChatFilter): { field: string; problem: string }[] {
  const problems: { field: string; problem: string }[] = []
  const check = (
    field: keyof ChatFilter,
    wrong: (item: string) => boolean,
    rule: (name: string) => string,
  ): void => {
    const list = filter[field] as string[] | undefined
    if (list === undefined) return
    const bad = list.find(wrong)
    if (list.length === 0) problems.push({ field, problem: say('empty_left_out') })
    else if (list.length > 1_000)
      problems.push({ field, problem: say('entries_at_most', { limit: '1,000' }) })
    else if (bad !== undefined) problems.push({ field, problem: rule(bad.slice(0, 64)) })
  }
  const isName = (name: string) => name.length <= 256 && /^(?:\*|[\w\-.]+(?:\.\*)?)$/.test(name)
  check(
    'events',
    (name) => !isName(name),
    (name) => say('no_event_type', { name }),
  )
  check(
    'exceptEvents',
    (name) => !isName(name),
    (name) => say('no_event_type', { name }),
  )
  check('chatKinds', (kind) => !isIn(chatKinds, kind), noneOf(chatKinds))
  check('messageTypes', (type) => !isIn(contentTypes, type), noneOf(contentTypes))
  const isJid = (text: string) => text.length <= 128 && /^[\w.+:@-]+$/.test(text)
  check(
    'allow',
    (text) => !isJid(text),
    (name) => say('no_chat', { name }),
  )
  check(
    'deny',
    (text) => !isJid(text),
    (name) => say('no_chat', { name }),
  )
  return problems
}

function noneOf(words: readonly string[]): (name: string) => string {
  return (name) => say('none_of', { name, options: words.join(', ') })
}

function isIn(list: readonly string[], word: string): boolean {
  return list.includes(word)
}

function namesOf(names: readonly string[]): (type: string) => boolean {
  const exact = new Set(names)
  const prefixes = names.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -1))
  const all = exact.has('*')
  return (type) => all || exact.has(type) || prefixes.some((prefix) => type.startsWith(prefix))
}

function jids(texts: readonly string[]): ReadonlySet<string> {
  return new Set(texts.flatMap((text) => jidOfUser(text) ?? []))
}

/** Whether the account did it; undefined where the question makes no sense. */
function byMe(event: WhatsAppEvent): boolean | undefined {
  if ('byMe' in event) return event.byMe
  return 'content' in event ? event.fromMe : undefined
}

/** The chat and the one who acted, under both of their identities. */
function idsOf(event: WhatsAppEvent): string[] {
  const chat = 'chat' in event ? event.chat : null
  const sender = 'sender' in event ? event.sender : null
  const contact = 'contact' in event ? event.contact : null
  return [chat, sender, contact].flatMap((one) =>
    one ? [one.id, ...(one.altId === null ? [] : [one.altId])] : [],
  )
}

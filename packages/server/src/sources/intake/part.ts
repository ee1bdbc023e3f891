/** What one session's part of a request comes to: which events are wanted, what is known beside them, and accepted. */
import { PomboError } from '../../core/error.ts'
import type { Accepted, IncomingMessage } from '../../core/message.ts'
import type { Pool } from '../../db/pool.ts'
import type { WhatsAppEvent } from '../../whatsapp/whatsapp.ts'
import type { Parsed } from '../gateway/gateway.ts'
import type { Counted } from './counters/count.ts'
import { inTheirChats } from './edited/edited.ts'
import { type MediaDeps, takeOutOfBody, takeOutOfEvent } from './media/media.ts'
import { messageOf, plainMessage, unknownMessage, unrecognisedTag } from './message.ts'
import { factsOf } from './profiles/facts.ts'
import type { Profiles } from './profiles/profiles.ts'
import { type Source, testOf } from './settings.ts'

/** The events of one session, and what they are taken by. */
export interface Part {
  source: Source
  appId: string
  parsed: Parsed
}

/** What became of the events of a request. */
export interface Taken {
  accepted: number
  duplicate: number
  filtered: number
  skipped: number
}

/** Hears what became of each message of a request, in order. */
export type Heard = (message: IncomingMessage, answer: Accepted) => void

/** What a broker's message is known again by, beside what is in it. */
export interface KnownBy {
  key: string
  windowSeconds: number
  /** Others may have the same key: one that was not handed out before is no repeat for it alone. */
  onlyIfAgain: boolean
}

export interface PartDeps {
  pool: Pool
  accept: (messages: IncomingMessage[]) => Promise<(Accepted | PomboError)[]>
  profiles: Profiles
  media: MediaDeps
}

export interface TakeOptions {
  count: (what: Counted, n?: number) => void
  taken: Taken
  heard?: Heard
  knownBy?: KnownBy
}

export async function takePart(
  { source, appId, parsed }: Part,
  deps: PartDeps,
  { count, taken, heard, knownBy }: TakeOptions,
): Promise<void> {
  const events =
    parsed.outcome === 'events' ? await inTheirChats(deps.pool, appId, parsed.events) : []
  const skipped = parsed.outcome === 'events' ? parsed.skipped.length : 0
  count(
    'received',
    parsed.outcome === 'events'
      ? events.length + skipped
      : parsed.outcome === 'messages'
        ? parsed.messages.length
        : 1,
  )
  count('skipped', skipped)
  taken.skipped += skipped
  const wanted = events.filter((event) => {
    const reason = testOf(source)(event)
    if (reason === null) return true
    count(`filtered:${reason}`)
    taken.filtered += 1
    return false
  })
  const messages = await messagesOf({ source, appId, parsed }, events, wanted, deps).catch(
    (error: unknown) => {
      count('refused', parsed.outcome === 'unknown' ? 1 : wanted.length)
      throw error
    },
  )
  const answers = messages.length === 0 ? [] : await acceptKnown(messages, deps.accept, knownBy)
  let refused: PomboError | undefined
  for (const [index, answer] of answers.entries()) {
    if (answer instanceof PomboError) {
      refused ??= answer
      count('refused')
      continue
    }
    heard?.(messages[index]!, answer)
    count(answer.outcome)
    taken[answer.outcome] += 1
    const { tags } = messages[index]!
    if (answer.outcome === 'accepted' && tags?.includes(unrecognisedTag)) count('unrecognised')
  }
  if (refused) throw refused
}

async function acceptKnown(
  messages: IncomingMessage[],
  accept: PartDeps['accept'],
  knownBy: KnownBy | undefined,
): Promise<(Accepted | PomboError)[]> {
  if (!knownBy) return await accept(messages)
  const { key, windowSeconds, onlyIfAgain } = knownBy
  const answers = await accept(
    messages.map((message, index) => ({
      ...message,
      dedupe: [
        ...(message.dedupe ?? []),
        { kind: 'source', key: `${key}|${index}`, windowSeconds },
      ],
    })),
  )
  if (!onlyIfAgain) return answers
  const repeats = messages.filter((_, index) => isRepeat(answers[index]!))
  if (repeats.length === 0) return answers
  const again = await accept(repeats)
  return answers.map((answer) => (isRepeat(answer) ? again.shift()! : answer))
}

function isRepeat(answer: Accepted | PomboError): boolean {
  return !(answer instanceof PomboError) && answer.outcome === 'duplicate'
}

async function messagesOf(
  { source, appId, parsed }: Part,
  events: readonly WhatsAppEvent[],
  wanted: readonly WhatsAppEvent[],
  { profiles, media }: PartDeps,
): Promise<IncomingMessage[]> {
  if (parsed.outcome === 'unknown') {
    await takeOutOfBody(parsed.body, source, media)
    return [unknownMessage(parsed, source, appId)]
  }
  if (parsed.outcome === 'messages')
    return parsed.messages.map((message) => plainMessage(message, source, appId))
  // Of all of them: a list of contacts is no news, but its names are wanted. Read before anything is filled in,
  // which is no news either.
  const facts = events.flatMap(factsOf)
  await profiles.fill(appId, wanted)
  profiles.learn(source.tenantId, appId, facts)
  for (const event of wanted) await takeOutOfEvent(event, source, media)
  return wanted.map((event) => messageOf(event, source, appId))
}

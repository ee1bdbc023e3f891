/** Whom a request for export or erasure is about. */
import { z } from 'zod'
import { nonEmpty } from '../field.ts'
import { readId } from '../../core/id.ts'
import { payloadValue } from '../../core/raw-payload.ts'
import {
  mentions,
  normalPerson,
  type PersonHashes,
  personVariants,
  taggedId,
  textMentions,
} from '../../core/person.ts'
import { invalid } from '../../core/error.ts'
import type { Queryable } from '../../db/pool.ts'
import { profileIds } from '../../sources/intake/profiles/ids.ts'
import { profilesOf } from './profiles/store.ts'
import type { MessageRow } from '../history/messages/store.ts'
import { say } from '../../core/sentences/sentences.ts'

// One or two characters would be somebody's in every message.
const key = nonEmpty(320).meta({ minLength: 3, pattern: String.raw`\S[\s\S]+\S` })

export const personFields = {
  userId: key.optional().meta({ examples: ['3f0c2a52-6f0e-4f53-9a6e-0d6a7f0c1b11'] }),
  email: key.optional().meta({ examples: ['user@example.com'] }),
  phone: key.optional().meta({
    description: 'With its country code, in any spelling',
    examples: ['+55 11 99999-9999'],
  }),
  keys: z
    .array(key)
    .max(20)
    .optional()
    .describe('Further ids of the same person, such as a WhatsApp id'),
  scan: z
    .boolean()
    .optional()
    .describe(
      'Whether to read every message that is kept, and not only those found by the keyed hashes. True ' +
        'unless said otherwise: hashes exist only for what came since the tenant’s `personPaths` were set, ' +
        'and of what they lead to',
    ),
}

/** Somebody has to be named. */
export const somebody = {
  anyOf: [
    ...['userId', 'email', 'phone'].map((field) => ({ required: [field] })),
    { required: ['keys'], properties: { keys: { minItems: 1 } } },
  ],
}

export interface Person {
  /** As they may stand in messages. */
  keys: ReadonlySet<string>
  hashes: Buffer[]
  /** Under the newest key: how logs name this person. */
  shownHashes: string[]
}

export function personOfRequest(
  {
    userId,
    email,
    phone,
    keys = [],
  }: {
    userId?: string | undefined
    email?: string | undefined
    phone?: string | undefined
    keys?: string[] | undefined
  },
  tenantId: string,
  hashes: PersonHashes,
): Person {
  const named = Object.entries({ userId, email, phone })
  const further = keys.map((one, index) => [`keys.${index}`, one] as const)
  const all = [...named, ...further].filter(([, one]) => one !== undefined) as [string, string][]
  const given = all.map(([, one]) => one)
  if (given.length === 0) throw invalid(['body'], say('nobody_named'), 'value_error.missing')
  const short = all.find(([, one]) => normalPerson(one).length < 3)
  if (short !== undefined) {
    const [field, text] = short
    throw invalid(['body', ...field.split('.')], say('person_short', { text }))
  }
  const variants = new Set(given.flatMap(personVariants))
  return {
    keys: variants,
    hashes: [...variants].flatMap((one) => hashes.all(tenantId, one)),
    shownHashes: given.map((one) => hashes.hash(tenantId, normalPerson(one)).toString('hex')),
  }
}

/** The same with the ids that sessions told beside those: of a phone number the LID, and the other way round. */
export async function withKnownIds(
  { db, hashes }: { db: Queryable; hashes: PersonHashes },
  tenantId: string,
  person: Person,
): Promise<Person> {
  const known = await profilesOf(db, tenantId, profileIds(person.keys))
  const told = known.flatMap(({ jid, alt_jid }) => (alt_jid === null ? [jid] : [jid, alt_jid]))
  const keys = new Set([...person.keys, ...told.flatMap(personVariants)])
  return { ...person, keys, hashes: [...keys].flatMap((one) => hashes.all(tenantId, one)) }
}

/** Whether a message is the person's, by anything in it. */
export function isOf(row: MessageRow, payload: string | null, { keys }: Person): boolean {
  const beside = [row.event_id, row.ordering_key, ...(row.channels ?? []), ...(row.tags ?? [])]
  if (beside.some((text) => text !== null && besideMentions(text, keys))) return true
  const value = payloadValue({ payload, contentType: row.content_type })
  // What is not JSON is read as the text that it is.
  return mentions(value === undefined ? payload : value, keys)
}

/** Keys and tags join their parts by dots, colons and bars. */
export function besideMentions(text: string, keys: ReadonlySet<string>): boolean {
  return (
    textMentions(text, keys) ||
    text.split(/[|:]/).some((part) => keys.has(normalPerson(part))) ||
    keys.has(normalPerson(taggedId(text) ?? text))
  )
}

/** Files of Pombo's that a payload links to. */
export function filesOf(payload: string): string[] {
  return [...payload.matchAll(/\/media\/(file_[0-9a-z]{26})\b/g)].flatMap(([, shown]) => {
    const id = readId('media', shown!)
    return id === undefined ? [] : [id]
  })
}

/**
 * What names a person in a message: user ids, e-mail addresses, phone numbers, WhatsApp ids. Written in one way, so
 * that the same person is found whatever spelling a producer used; kept as keyed hashes only.
 */
import { createHmac } from 'node:crypto'
import { fields, list } from './json-values.ts'
import { payloadValue } from './raw-payload.ts'
import { say } from './sentences/sentences.ts'

/** A phone number as WhatsApp's chats are named: `+5511…_1:12@c.us`, agent and device left out. */
const numberOfChatId = /^\+?([^@:]*?)(?:[._]\d+)?(?::[^@]*)?@(?:s\.whatsapp\.net|c\.us|hosted)$/i

/**
 * One spelling: e-mail addresses in lower case, phone numbers and WhatsApp ids of phone numbers as digits, anything
 * else as it is. `+55 (11) 99999-9999`, `5511999999999@s.whatsapp.net` and `5511999999999:12@c.us` are one.
 */
export function normalPerson(text: string): string {
  const given = text.trim()
  if (given.includes('@')) {
    return numberOfChatId.exec(given)?.[1] ?? given.toLowerCase()
  }
  const digits = given.replace(/[\s().-]/g, '').replace(/^\+|^00/, '')
  return /^\d{8,15}$/.test(digits) ? digits : given
}

/**
 * A person's key as it may stand in messages. Brazilian mobile numbers exist with and without the ninth digit:
 * WhatsApp's ids of older accounts lack it.
 */
export function personVariants(text: string): string[] {
  const key = normalPerson(text)
  const [, area, ninth, number] = /^55(\d\d)(9?)([6-9]\d{7})$/.exec(key) ?? []
  if (area === undefined) return [key]
  return ninth === '' ? [key, `55${area}9${number}`] : [key, `55${area}${number}`]
}

/** What is wrong with a path, in words; undefined: nothing. */
const step = String.raw`(?:\*{1,2}|[\w\-]+)`
export const personPathForm = String.raw`^(?:\$\.)?${step}(?:\.${step}|\[\*\])*$`

export function personPathProblem(path: string): string | undefined {
  return path.length <= 200 && new RegExp(personPathForm).test(path)
    ? undefined
    : say('no_person_path')
}

/**
 * The id in a tag `user.<id>` or `record.<id>`; in `user64.<base64url>` where a tag cannot hold it, such as an e-mail
 * address.
 */
export function taggedId(tag: string): string | undefined {
  const [, encoded, id] = /^(?:user|record)(64)?\.(.+)$/.exec(tag) ?? []
  if (id === undefined) return undefined
  return encoded === undefined ? id : Buffer.from(id, 'base64url').toString()
}

/** The keys of a message: what the tenant's paths find in its payload, and of WhatsApp's events chats and people. */
export function personsOf(
  message: {
    payload: string | null
    contentType?: string | null
    form: 'whatsapp' | null
    tags: string[] | null
  },
  paths: readonly string[],
): Set<string> {
  const found = new Set<string>()
  for (const tag of message.tags ?? []) {
    const user = tag.startsWith('user') ? taggedId(tag) : undefined
    if (user !== undefined) found.add(normalPerson(user))
  }
  if (message.payload === null || (paths.length === 0 && message.form === null)) return found
  const payload = payloadValue(message)
  for (const path of paths) {
    const steps = path.replace(/^\$\./, '').replaceAll('[*]', '.*').split('.')
    collectAt(payload, steps, 0, 0, found)
  }
  if (message.form === 'whatsapp')
    for (const part of Object.values(fields(payload) ?? {})) collectPeople(part, found)
  return found
}

const deepest = 64

/** A list stands for each of its items, whether the path says so or not. */
function collectAt(
  value: unknown,
  steps: string[],
  at: number,
  depth: number,
  found: Set<string>,
): void {
  if (depth > deepest) return
  if (Array.isArray(value)) {
    const next = steps[at] === '*' ? at + 1 : at
    for (const item of value) collectAt(item, steps, next, depth + 1, found)
    return
  }
  const step = steps[at]
  if (step === undefined) {
    if (typeof value === 'string' && value !== '') found.add(normalPerson(value))
    else if (typeof value === 'number') found.add(normalPerson(String(value)))
    return
  }
  const object = fields(value)
  if (step === '**') {
    collectAt(value, steps, at + 1, depth + 1, found)
    for (const member of Object.values(object ?? {})) collectAt(member, steps, at, depth + 1, found)
  } else if (step === '*')
    for (const member of Object.values(object ?? {}))
      collectAt(member, steps, at + 1, depth + 1, found)
  else if (object && Object.hasOwn(object, step))
    collectAt(object[step], steps, at + 1, depth + 1, found)
}

/**
 * A chat or a person of a canonical event, or a list of them: what has an id and another one. Groups and channels are
 * nobody's.
 */
function collectPeople(part: unknown, found: Set<string>): void {
  for (const one of Array.isArray(part) ? list(part) : [part]) {
    const object = fields(one)
    if (!object || !('altId' in object)) continue
    const { kind } = object
    if (kind !== undefined && kind !== 'person') continue
    for (const id of [object['id'], object['altId'], object['phone']])
      if (typeof id === 'string' && id !== '') found.add(normalPerson(id))
  }
}

/** Whether any text or number of a value, at any depth, is one of the keys. Longer texts count where they hold one. */
export function mentions(value: unknown, keys: ReadonlySet<string>): boolean {
  const waiting: unknown[] = [value]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (typeof next === 'string' || typeof next === 'number') {
      if (textMentions(String(next), keys)) return true
    } else if (typeof next === 'object' && next !== null) {
      for (const [name, member] of Object.entries(next)) waiting.push(name, member)
    }
  }
  return false
}

/**
 * What may be a key within a text: an address, a word. Bounded, or a long text without blanks would be read again from
 * every place in it.
 */
const tokens = /[^\s@"'<>,;:()[\]{}]{1,64}@[\w.-]{1,255}|[\w-]+/g

export function textMentions(text: string, keys: ReadonlySet<string>): boolean {
  if (keys.has(normalPerson(text))) return true
  if (text.length < 4) return false
  if (numbersOf(keys)?.test(text)) return true
  for (const [token] of text.matchAll(tokens)) if (keys.has(normalPerson(token))) return true
  return false
}

const numbers = new WeakMap<ReadonlySet<string>, { pattern: RegExp | undefined }>()

/**
 * Where the phone numbers and LIDs among the keys stand in a text, whatever is beside them: another number, or a word
 * that an underscore joins, as in `true_5511…@c.us_3EB0`. Not in the id of a group, which begins with the number of
 * who made it, and is everybody's in it.
 */
function numbersOf(keys: ReadonlySet<string>): RegExp | undefined {
  let known = numbers.get(keys)
  if (!known) {
    const all = [...keys].flatMap(numberPattern)
    const pattern = all.length === 0 ? undefined : new RegExp(all.join('|'), 'i')
    numbers.set(keys, (known = { pattern }))
  }
  return known.pattern
}

function numberPattern(key: string): string[] {
  const [, lid] = /^(\d+)@lid$/.exec(key) ?? []
  if (lid !== undefined)
    return [String.raw`(?<![a-z\d])${lid}(?:[._]\d+)?(?::\d+)?@(?:hosted\.)?lid(?![a-z\d])`]
  if (!/^\d{8,15}$/.test(key)) return []
  const digits = key.split('').join(String.raw`[\s().-]{0,3}`)
  return [String.raw`(?<![a-z\d])(?:00)?${digits}(?![a-z\d]|-\d+@g\.us)`]
}

export interface PersonHashes {
  /** As it is stored. */
  hash(tenantId: string, key: string): Buffer
  /** As it may have been stored, under any key of the ring. */
  all(tenantId: string, key: string): Buffer[]
}

/** Half of an HMAC-SHA256: enough to tell people apart, and half the index. @param keys newest first */
export function createPersonHashes(keys: readonly Buffer[]): PersonHashes {
  const under = (key: Buffer, tenantId: string, person: string): Buffer =>
    createHmac('sha256', key).update(`${tenantId} ${person}`).digest().subarray(0, 16)
  return {
    hash: (tenantId, person) => under(keys[0]!, tenantId, person),
    all: (tenantId, person) => keys.map((key) => under(key, tenantId, person)),
  }
}

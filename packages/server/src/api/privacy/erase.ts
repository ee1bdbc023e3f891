/**
 * Erasure of a person's data by the person's keys, in one pass over what is kept: messages lose everything but that
 * there was one, their attempts what was answered and where, their open deliveries are closed, keys of repeats, kept
 * answers, profiles, files and hashes are deleted; the audit log, tasks and what devices said lose what names the
 * person. What stays are counts, times, types and outcomes, and the note in the audit log, which names the person by
 * a keyed hash. What people set (an app's name, an endpoint's URL) is not changed, but told.
 *
 * Repeated by a broken connection it does the rest: every step bears being done twice.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type PersonHashes, textMentions } from '../../core/person.ts'
import { lowestId } from '../../core/id.ts'
import { noteAudit } from '../../db/audit.ts'
import { inTransaction } from '../../db/pool.ts'
import { discardDeliveries } from '../../record/discard/store.ts'
import { blocksOf } from '../../db/partitions.ts'
import type { IdempotencyStore } from '../idempotency/idempotency.ts'
import { besideMentions, filesOf, type Person, withKnownIds } from './person.ts'
import { forgetProfiles } from './profiles/store.ts'
import {
  blankReasons,
  eraseFromAudit,
  eraseFromDevices,
  eraseFromJobs,
  eraseFromRefusals,
  reasonsIn,
  type Setting,
  settingsNaming,
} from './records/store.ts'
import {
  answersIn,
  blankAnswers,
  blankAttempts,
  blankMessages,
  daysOf,
  dedupeKeys,
  forgetDedupe,
  forgetFiles,
  forgetIndex,
  underWay,
} from './store.ts'
import type { MessageRow } from '../history/messages/store.ts'
import { personsMessages } from './person-search.ts'
import { profileIds } from '../../sources/intake/profiles/ids.ts'
import { flushMs } from '../../sources/intake/profiles/profiles.ts'
import { say } from '../../core/sentences/sentences.ts'
import type { Needs } from '../route-deps.ts'

export type PrivacyDeps = Needs<'db' | 'clock' | 'payloads' | 'endpointsOf' | 'wake'> & {
  hashes: PersonHashes
  idempotency: Pick<IdempotencyStore, 'forget'>
}

/** What was erased, counted. */
export interface Erased {
  messages: number
  attempts: number
  /** Attempts of other messages whose answers named the person. */
  answers: number
  /** Open deliveries that were closed as not sent. */
  deliveries: number
  /** Still being sent when the erasure ended, because their receivers take longer than any deadline allows. */
  stillSending: number
  dedupeKeys: number
  idempotencyKeys: number
  profiles: number
  files: number
  hashes: number
  /** Entries of the audit log in which something named the person. */
  auditEntries: number
  /** Tasks by a filter or a reason that named the person. */
  tasks: number
  /** Reasons of deliveries that were given up, and of refused requests, that did. */
  reasons: number
  /** Devices whose last words did. */
  devices: number
}

export interface ErasureReport {
  erased: Erased
  /** `unreadable`: payloads whose key is missing from the ring, so that nobody can tell whose they are. */
  read: { messages: number; attempts: number; unreadable: number }
  /** What people set and that still names the person. */
  stillNamed: Setting[]
  auditId: string
}

const reason = say('not_sent_erased')
/** Longer than any exchange may take. */
const sendingEndsMs = 65_000

export async function erasePerson(
  deps: PrivacyDeps,
  tenantId: string,
  asked: Person,
  scan: boolean,
): Promise<ErasureReport> {
  const { db } = deps
  const begunAt = deps.clock.now()
  const person = await withKnownIds(deps, tenantId, asked)
  const erased: Erased = {
    messages: 0,
    attempts: 0,
    answers: 0,
    deliveries: 0,
    stillSending: 0,
    dedupeKeys: 0,
    idempotencyKeys: 0,
    profiles: 0,
    files: 0,
    hashes: 0,
    auditEntries: 0,
    tasks: 0,
    reasons: 0,
    devices: 0,
  }
  const read = { messages: 0, attempts: 0, unreadable: 0 }
  const ids = new Set<string>()
  const sending: { endpointIds: string[]; messageIds: string[] }[] = []
  for await (const found of personsMessages({ ...deps, tenantId, person }, scan, undefined)) {
    read.messages += found.read
    read.unreadable += found.unreadable
    if (found.rows.length === 0) continue
    for (const { id } of found.rows) ids.add(id)
    erased.files += await forgetFiles(db, tenantId, found.rows.flatMap(ownFiles))
    for (const [appId, rows] of Map.groupBy(found.rows, (row) => row.app_id))
      await eraseOfApp(deps, tenantId, appId, rows, erased, sending)
  }
  if (scan) await eraseAnswers(deps, tenantId, person, ids, erased, read)
  erased.dedupeKeys = await eraseKeys(deps, tenantId, person, ids)
  erased.idempotencyKeys = await deps.idempotency.forget(tenantId, (text) =>
    textMentions(text, person.keys),
  )
  erased.stillSending = await untilSent(deps, sending)
  erased.auditEntries = await eraseFromAudit(db, tenantId, person.keys)
  erased.tasks = await eraseFromJobs(deps, tenantId, person.keys)
  erased.reasons =
    (await eraseReasons(deps, tenantId, person)) +
    (await eraseFromRefusals(db, tenantId, person.keys))
  erased.devices = await eraseFromDevices(db, tenantId, person.keys)
  // Last, since they say by which ids the person is to be found: a broken connection leaves the rest to be done.
  // Nodes have written by then what they knew when the erasure began.
  await sleep(Math.max(0, begunAt + 2 * flushMs - deps.clock.now()))
  erased.profiles = await forgetProfiles(db, tenantId, profileIds(person.keys))
  const stillNamed = await settingsNaming(db, tenantId, person.keys)
  const auditId = await noteAudit(db, {
    tenantId,
    action: 'erase',
    kind: 'person',
    target: person.shownHashes.join(' '),
    details: { erased, read, scan },
  })
  return { erased, read, stillNamed, auditId }
}

/** Files of messages that the person received may be everybody's: only what came in goes. */
function ownFiles({ event_type, payload }: MessageRow): string[] {
  return payload === null || event_type === 'message.sent' ? [] : filesOf(payload)
}

async function eraseOfApp(
  { db, endpointsOf, wake }: PrivacyDeps,
  tenantId: string,
  appId: string,
  rows: MessageRow[],
  erased: Erased,
  sending: { endpointIds: string[]; messageIds: string[] }[],
): Promise<void> {
  const messageIds = rows.map(({ id }) => id)
  const endpointIds = (await endpointsOf(tenantId, appId)).map(({ id }) => id)
  const closed = await inTransaction(db, async (client) => {
    // Payloads first: what is claimed from here on finds none.
    erased.messages += await blankMessages(client, rows)
    erased.hashes += await forgetIndex(client, tenantId, messageIds)
    erased.attempts += await blankAttempts(client, messageIds)
    return await discardDeliveries(client, { endpointIds, messageIds }, reason)
  })
  erased.deliveries += closed
  if (closed > 0) for (const id of endpointIds) wake(id)
  if ((await underWay(db, endpointIds, messageIds)) > 0) sending.push({ endpointIds, messageIds })
}

/** Receivers repeat what they were sent, and what others sent them. */
async function eraseAnswers(
  { db }: PrivacyDeps,
  tenantId: string,
  person: Person,
  done: ReadonlySet<string>,
  erased: Erased,
  read: { attempts: number },
): Promise<void> {
  const step = 200
  for (const day of await daysOf(db, 'attempt')) {
    const blocks = await blocksOf(db, day)
    for (let block = 0; block < blocks; block += step) {
      const rows = await answersIn(db, day, tenantId, block, block + step)
      read.attempts += rows.length
      const meant = rows.filter(
        (row) =>
          !done.has(row.message_id) &&
          [row.response, row.error].some((said) => textMentions(said ?? '', person.keys)),
      )
      erased.answers += await blankAnswers(db, meant)
    }
  }
}

/** Why people gave deliveries up, in their own words. In parts: no statement may take longer than a minute. */
async function eraseReasons(
  { db }: PrivacyDeps,
  tenantId: string,
  { keys }: Person,
): Promise<number> {
  const step = 5_000
  let count = 0
  for (const day of await daysOf(db, 'delivery')) {
    const blocks = await blocksOf(db, day)
    for (let block = 0; block < blocks; block += step) {
      const said = await reasonsIn(db, day, tenantId, block, block + step)
      const meant = said.filter((reason) => textMentions(reason, keys))
      count += await blankReasons(db, day, tenantId, block, block + step, meant)
    }
  }
  return count
}

async function eraseKeys(
  { db }: PrivacyDeps,
  tenantId: string,
  person: Person,
  ids: ReadonlySet<string>,
): Promise<number> {
  let forgotten = 0
  let after = { scope: lowestId, key: '' }
  for (;;) {
    const rows = await dedupeKeys(db, tenantId, after, 5_000)
    const meant = rows.filter(
      ({ key, message_id }) => ids.has(message_id) || besideMentions(key, person.keys),
    )
    forgotten += await forgetDedupe(db, meant)
    const last = rows.at(-1)
    if (last === undefined) return forgotten
    after = last
  }
}

/** What was being sent when its message was erased ends, and is recorded, after that: it is erased again then. */
async function untilSent(
  { db, clock }: PrivacyDeps,
  sending: readonly { endpointIds: string[]; messageIds: string[] }[],
): Promise<number> {
  const end = clock.monotonic() + sendingEndsMs
  let still = 0
  for (const { endpointIds, messageIds } of sending) {
    let count = await underWay(db, endpointIds, messageIds)
    while (count > 0 && clock.monotonic() < end) {
      await sleep(100)
      count = await underWay(db, endpointIds, messageIds)
    }
    still += count
    await blankAttempts(db, messageIds)
    await discardDeliveries(db, { endpointIds, messageIds }, reason)
  }
  return still
}

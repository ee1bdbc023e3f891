import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { invalid } from '../../core/error.ts'
import { showId } from '../../core/id.ts'
import { shownPayload } from '../../core/raw-payload.ts'
import { noteAudit } from '../../db/audit.ts'
import { component, time, between } from '../field.ts'
import { iteratorText } from '../pagination.ts'
import { json, type Route, route } from '../route.ts'
import { erasePerson, type PrivacyDeps } from './erase.ts'
import { personFields, personOfRequest, somebody, withKnownIds } from './person.ts'
import { settingKinds } from './records/store.ts'
import { type AttemptRow, attemptsOf } from '../history/attempts/store.ts'
import type { MessageRow } from '../history/messages/store.ts'
import { profilesOf } from './profiles/store.ts'
import { personsMessages, type SearchCursor } from './person-search.ts'
import { profileIds } from '../../sources/intake/profiles/ids.ts'
import { say } from '../../core/sentences/sentences.ts'

const tag = 'Privacy'

const exportIn = z
  .object({
    ...personFields,
    limit: between(1, 250).optional().describe('Messages at most; 100 unless given'),
    iterator: iteratorText(200).optional().describe('The `iterator` of the answer before'),
  })
  .meta({ id: 'PersonExportIn', ...somebody })

const eraseIn = z.object(personFields).meta({ id: 'PersonEraseIn', ...somebody })

const count = z.int()
const unreadable =
  'Payloads that cannot be opened, since their key is missing from POMBO_ENCRYPTION_KEYS: whose they are ' +
  'cannot be told until it is back'
const erasureOut = component('PersonErasureOut', {
  person: z.array(z.string()).describe('Keyed hashes of what was given'),
  erased: z.object({
    messages: count,
    attempts: count,
    answers: count.describe('Answers to other messages that named the person'),
    deliveries: count.describe('Open deliveries that were closed as not sent'),
    stillSending: count,
    dedupeKeys: count,
    idempotencyKeys: count,
    profiles: count,
    files: count,
    hashes: count,
    auditEntries: count.describe('Entries of the audit log in which something named the person'),
    tasks: count.describe('Tasks by a filter or a reason that did'),
    reasons: count.describe('Reasons of deliveries given up, and of refused requests, that did'),
    devices: count.describe('Devices whose last words did'),
  }),
  read: z.object({
    messages: count,
    attempts: count,
    unreadable: count.describe(unreadable),
  }),
  stillNamed: z
    .array(z.object({ kind: z.enum(settingKinds), id: z.string() }))
    .describe(
      'What people set and that names the person still, such as an application’s name: to be changed by them',
    ),
  auditId: z.string().describe('Where the audit log has this report'),
  startedAt: time,
  finishedAt: time,
})

const exportOut = component('PersonExportOut', {
  person: z.array(z.string()),
  messages: z.array(
    z.object({
      id: z.string(),
      appId: z.string(),
      eventType: z.string(),
      eventId: z.string().nullable(),
      channels: z.array(z.string()).nullable(),
      tags: z.array(z.string()).nullable(),
      orderingKey: z.string().nullable(),
      timestamp: time,
      payload: z.unknown().describe('To the letter; null once it was deleted'),
      attempts: z.array(
        z.object({
          id: z.string(),
          endpointId: z.string(),
          url: z.string(),
          status: z.int().nullable(),
          outcome: z.string(),
          response: z.string(),
          timestamp: time,
        }),
      ),
    }),
  ),
  profiles: z
    .array(
      z.object({
        appId: z.string(),
        id: z.string(),
        altId: z.string().nullable(),
        name: z.string().nullable(),
        imageUrl: z.string().nullable(),
      }),
    )
    .describe('Names and pictures that sessions told; with the first page only'),
  unreadable: count.describe(unreadable),
  iterator: z.string().nullable().describe('For the next page; null: there is no more'),
  done: z.boolean(),
})

/** What the law on data protection gives a person: to be shown what is kept of them, and to have it erased. */
export function privacyRoutes(deps: PrivacyDeps): Route[] {
  return [
    route({
      at: 'POST /api/v1/privacy/export',
      id: 'v1.privacy.export',
      tag,
      summary: "Export a person's data",
      description:
        'Messages that name the person, with their attempts, page by page, and the names and pictures ' +
        'that WhatsApp told.',
      access: 'tenant',
      body: exportIn,
      idempotency: 'own',
      answers: { 200: { description: 'A page of what is kept', body: exportOut } },
      handle: async ({ holder, body }) => ({
        status: 200,
        text: await exportPage(deps, holder.tenantId, body),
      }),
    }),
    route({
      at: 'POST /api/v1/privacy/erase',
      id: 'v1.privacy.erase',
      tag,
      summary: "Erase a person's data",
      description:
        'In one pass over messages, attempts, open deliveries, keys of repeats, kept answers, profiles, ' +
        'files, the audit log, tasks, reasons and devices; answered when it is done. The report is kept in the ' +
        'audit log.',
      access: 'tenant',
      body: eraseIn,
      idempotency: 'own',
      answers: { 200: { description: 'What was erased', body: erasureOut } },
      async handle({ holder, body }) {
        const startedAt = deps.clock.now()
        const person = personOfRequest(body, holder.tenantId, deps.hashes)
        const report = await erasePerson(deps, holder.tenantId, person, body.scan ?? true)
        return json(200, {
          person: person.shownHashes,
          ...report,
          stillNamed: report.stillNamed.map(({ kind, id }) => ({
            kind,
            id: showId(kind === 'api_key' ? 'key' : kind, id),
          })),
          auditId: showId('audit', report.auditId),
          startedAt: iso(startedAt),
          finishedAt: iso(deps.clock.now()),
        })
      },
    }),
  ]
}

async function exportPage(
  deps: PrivacyDeps,
  tenantId: string,
  body: z.output<typeof exportIn>,
): Promise<string> {
  const asked = personOfRequest(body, tenantId, deps.hashes)
  const person = await withKnownIds(deps, tenantId, asked)
  const limit = body.limit ?? 100
  const from = body.iterator === undefined ? undefined : parseCursor(body.iterator)
  const rows: MessageRow[] = []
  let next: SearchCursor | null = null
  let unreadable = 0
  for await (const found of personsMessages(
    { ...deps, tenantId, person },
    body.scan ?? true,
    from,
  )) {
    rows.push(...found.rows)
    unreadable += found.unreadable
    // A page holds whole steps of the walk, so that it may hold more than was asked for.
    if (rows.length >= limit) {
      next = found.cursor
      break
    }
  }
  const attempts = Map.groupBy(
    await attemptsOf(
      deps.db,
      rows.map(({ id }) => id),
    ),
    (attempt) => attempt.message_id,
  )
  const profiles =
    from === undefined ? await profilesOf(deps.db, tenantId, profileIds(person.keys)) : []
  await noteAudit(deps.db, {
    tenantId,
    action: 'export',
    kind: 'person',
    target: person.shownHashes.join(' '),
    details: { messages: rows.length },
  })
  const rest = JSON.stringify({
    person: person.shownHashes,
    profiles: profiles.map(({ app_id, jid, alt_jid, name, image_url }) => ({
      appId: showId('app', app_id),
      id: jid,
      altId: alt_jid,
      name,
      imageUrl: image_url,
    })),
    unreadable,
    iterator: next && showCursor(next),
    done: next === null,
  })
  const messages = rows.map((row) => messageText(row, attempts.get(row.id) ?? []))
  return `{"messages":[${messages.join(',')}],${rest.slice(1)}`
}

function messageText(row: MessageRow, attempts: AttemptRow[]): string {
  const shown = JSON.stringify({
    id: showId('message', row.id),
    appId: showId('app', row.app_id),
    eventType: row.event_type,
    eventId: row.event_id,
    channels: row.channels,
    tags: row.tags,
    orderingKey: row.ordering_key,
    timestamp: iso(row.created_ms),
    attempts: attempts.map((attempt) => ({
      id: showId('attempt', attempt.id),
      endpointId: showId('endpoint', attempt.endpoint_id),
      url: attempt.url,
      status: attempt.status_code === 0 ? null : attempt.status_code,
      outcome: attempt.outcome,
      response: attempt.response ?? '',
      timestamp: iso(attempt.created_ms),
    })),
  })
  const { payload, content_type: contentType } = row
  const text = payload === null ? 'null' : shownPayload({ payload, contentType })
  return `${shown.slice(0, -1)},"payload":${text}}`
}

function showCursor(cursor: SearchCursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url')
}

const searchCursor = z.union([
  z.object({ by: z.literal('index'), after: z.uuid() }),
  z.object({
    by: z.literal('scan'),
    day: z.string().regex(/^message_\d{8}$/),
    block: z.int().min(0),
  }),
])

function parseCursor(text: string): SearchCursor {
  const read = searchCursor.safeParse(parsed(Buffer.from(text, 'base64url').toString()))
  if (!read.success) throw invalid(['body', 'iterator'], say('iterator_of_export'))
  return read.data
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

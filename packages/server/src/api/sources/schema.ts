import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { showId } from '../../core/id.ts'
import { gateways } from '../../sources/gateways.ts'
import { webhookSettings } from '../../sources/gateway/scheme.ts'
import type { Source } from '../../sources/intake/settings.ts'
import type { BrokerSettings } from '../../sources/broker/kind.ts'
import type { ReaderFact } from '../../sources/broker/readers/store.ts'
import { chatFilter } from '../../sources/chat-filter-schema.ts'
import { component, given, time, together, whenever, nonEmpty, between } from '../field.ts'
import { refusalOut } from './reason.ts'
import { brokerIn, brokerOut, readingOut, showBroker, showReading } from './broker.ts'

const names = [...gateways.keys()] as [string, ...string[]]
const settings = {
  name: nonEmpty(256).optional().describe("Unique in the application; the gateway's unless given"),
  sessions: z
    .enum(['own', 'any'])
    .optional()
    .describe(
      'own (usual): everything goes to this application. any: to the application whose uid is the ' +
        "session's name, made when it is first heard of; for keys of the whole account only",
    ),
  secret: z
    .string()
    .min(4)
    .max(1_024)
    .nullish()
    .describe(
      'What the gateway signs with, or proves itself by; then requests that are not signed are refused. ' +
        'null: it is not asked to',
    ),
  filters: chatFilter
    .optional()
    .describe('Which events are taken in; presence, history and their like only where asked for'),
  media: z
    .enum(['link', 'inline'])
    .optional()
    .describe('link (usual): files in base64 are kept apart and given as a signed link'),
  mediaMinBytes: between(1_024, 16_777_216)
    .optional()
    .describe('Smaller files stay in the payload; default 262,144'),
  dedupeSeconds: between(60, 2_592_000)
    .optional()
    .describe(
      'How long an event that comes again counts as a repeat; a day, or as long as the service tries again',
    ),
  webhook: webhookSettings
    .nullish()
    .describe('Of the gateway `webhook`: how its requests are read and verified; set as a whole'),
  broker: brokerIn.nullish(),
  allowedIps: z
    .array(z.string().max(64).meta({ format: 'ip-or-network' }))
    .min(1)
    .max(256)
    .nullish()
    .meta({
      description: 'Addresses and networks that requests may come from; null: anywhere',
      examples: [['203.0.113.7', '198.51.100.0/24']],
    }),
  silenceMinutes: between(1, 43_200)
    .nullish()
    .describe(
      'Minutes without an event after which `source.silent` is sent to the operational webhooks; null: never',
    ),
}

export const sourceIn = z
  .object({
    gateway: z.enum(names).describe('Which gateway it is'),
    ...settings,
  })
  .meta({
    id: 'SourceIn',
    ...together(
      whenever(given('webhook'), { properties: { gateway: { const: 'webhook' } } }),
      whenever(
        { ...given('secret'), allOf: [{ properties: { gateway: { const: 'webhook' } } }] },
        {
          required: ['webhook'],
          properties: { webhook: { type: 'object', required: ['verification'] } },
        },
      ),
    ),
    description:
      'What sends its events in over HTTP: a WhatsApp gateway, Supabase’s database webhooks, another service by ' +
      'its preset (`stripe`, `github`, …), any sender (`webhook`), or events in Pombo’s own words (`events`)',
  })

export const sourcePatch = z
  .object(settings)
  .meta({ id: 'SourcePatch', description: 'Only what is given is changed' })

const out = {
  id: z.string().meta({ examples: ['src_01hzy3k9v2e8r5c7m4n6p8q0sa'] }),
  gateway: z.string(),
  name: z.string(),
  sessions: z.enum(['own', 'any']),
  url: z.string().describe('Where the gateway is pointed at, without the token'),
  tokenHint: z
    .string()
    .nullable()
    .describe("The token's first characters; null: only API keys reach it"),
  signed: z.boolean().describe('Whether requests must be signed'),
  filters: chatFilter,
  media: z.enum(['link', 'inline']),
  mediaMinBytes: z.int(),
  dedupeSeconds: z.int(),
  silenceMinutes: z.int().nullable(),
  webhook: webhookSettings.nullable(),
  broker: brokerOut.nullable(),
  reading: readingOut.nullable(),
  allowedIps: z.array(z.string()).nullable(),
  createdAt: time,
  updatedAt: time,
}

export const sourceOut = component('SourceOut', out)

export const sourceWithToken = component('SourceWithTokenOut', {
  ...out,
  token: z.string().describe('Cannot be read again; a new one can be made'),
  ingestUrl: z.string().describe('The URL with the token, to be set in the gateway'),
})

const count = z.int().min(0)

export const sourceStats = component('SourceStatsOut', {
  since: time,
  until: time,
  received: count.describe('Events that came; each is one of the five that follow'),
  accepted: count,
  duplicate: count.describe('Had come before'),
  filtered: count.describe("Kept out by the source's filters"),
  skipped: count.describe('Housekeeping of WhatsApp’s clients; key material'),
  refused: count.describe('Could not be stored; the gateway was told to come again'),
  filteredBy: z
    .record(z.string(), count)
    .meta({ description: 'By reason', examples: [{ noise: 12, chat_kind: 3 }] }),
  unrecognised: count.describe(
    'Of the accepted, those that no form covers; they carry the tag `unrecognised`',
  ),
  badSignature: count.describe('Requests refused with 401'),
  addressRefused: count.describe('Requests refused with 403 for where they came from'),
  tooLarge: count.describe('Requests refused with 413'),
  lastRefusal: z
    .object({ at: time, ...refusalOut })
    .nullable()
    .describe('Why a request was refused last: its signature, or where it came from'),
  deliveries: z
    .object({ delivered: count, exhausted: count, discarded: count, waiting: count })
    .describe(
      "Of all of the application's messages, to all of its endpoints: one message has as many " +
        'deliveries as endpoints want it',
    ),
  lastEventAt: time.nullable(),
  silentSince: time.nullable(),
})

type Given = z.output<typeof sourcePatch>

/** From the API's words to the sources': members that were left out are absent. */
export function settingsOf({ filters, ...given }: Given) {
  return defined({ ...given, filters: filters && defined(filters) })
}

/** Where a gateway sends to; `session` as its path names it. */
export function addressOf(
  serverUrl: string,
  { gateway, sessions }: Pick<Source, 'gateway' | 'sessions'>,
  session: string,
): string {
  const base = `${serverUrl}/ingest/${gateway}`
  // The gateway's own name for the session goes there, or none where it is in the body.
  return sessions === 'any' ? base : `${base}/${encodeURIComponent(session)}`
}

export function showSource(
  source: Source,
  url: string,
  broker: BrokerSettings | null,
  readers?: readonly ReaderFact[],
): z.output<typeof sourceOut> {
  return {
    id: showId('source', source.id),
    gateway: source.gateway,
    name: source.name,
    sessions: source.sessions,
    url,
    tokenHint: source.tokenHint,
    signed: source.secretSealed !== null,
    filters: source.filters,
    media: source.media,
    mediaMinBytes: source.mediaMinBytes,
    dedupeSeconds: source.dedupeSeconds,
    silenceMinutes: source.silenceMinutes,
    webhook: source.webhook,
    broker: showBroker(broker) as z.output<typeof brokerOut> | null,
    reading: showReading(broker, readers),
    allowedIps: source.allowedIps,
    createdAt: iso(source.createdAtMs),
    updatedAt: iso(source.updatedAtMs),
  }
}

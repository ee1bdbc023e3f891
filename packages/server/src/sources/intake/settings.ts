import type { ChatFilter } from '../../core/chat-filter.ts'
import { chatFilterProblems, compileChatFilter } from '../../whatsapp/chat-filter.ts'
import { type FieldProblem, invalidFields } from '../../core/error.ts'
import { type Coded, coded } from '../../core/field-problem.ts'
import type { BrokerSettings } from '../broker/kind.ts'
import { gateways } from '../gateways.ts'
import type { WebhookSettings } from '../gateway/scheme.ts'
import { addressProblem } from './addresses.ts'
import { say } from '../../core/sentences/sentences.ts'

/** What a caller can set of a source. */
export interface SourceSettings {
  /** A key of `gateways`. Only when it is made. */
  gateway: string
  /** Unique in its app; the gateway's unless given. */
  name: string
  /** Whether it serves its app's session only, or any session that its requests name. */
  sessions: 'own' | 'any'
  /** What the gateway signs with; null: it is not asked to. */
  secret: string | null
  filters: ChatFilter
  /** Whether files are taken out of payloads and given as a link. */
  media: 'link' | 'inline'
  mediaMinBytes: number
  /** How long an event that comes again counts as a repeat. */
  dedupeSeconds: number
  /** After how long without an event to raise the alarm; null: never. */
  silenceMinutes: number | null
  /** Of the kind `webhook` only: how its requests are read and verified. */
  webhook: WebhookSettings | null
  /** Addresses and networks that requests may come from; null: anywhere. */
  allowedIps: string[] | null
  /** What it reads, beside the requests that are sent to it; null: those alone. */
  broker: BrokerSettings | null
}

/** A gateway, as Pombo knows it. */
export interface Source extends Omit<SourceSettings, 'secret' | 'broker'> {
  /** Uuid, as the other two. */
  id: string
  tenantId: string
  appId: string
  /** SHA-256; null where only API keys reach it. */
  tokenHash: Buffer | null
  /** The token's first characters, to tell tokens apart. */
  tokenHint: string | null
  secretSealed: Buffer | null
  brokerSealed: Buffer | null
  createdAtMs: number
  updatedAtMs: number
}

/** Throws a 422 that names every field at fault. */
export function checkSettings(settings: Partial<SourceSettings>): void {
  const problems: FieldProblem[] = []
  const note = (loc: string[], problem: string | Coded): void => {
    problems.push({ loc: ['body', ...loc], ...coded(problem), type: 'value_error' })
  }
  const { gateway, name, secret, filters } = settings
  if (gateway !== undefined && !gateways.has(gateway))
    note(['gateway'], say('one_of', { options: [...gateways.keys()].join(', ') }))
  if (gateway !== undefined && gateway !== 'webhook' && settings.webhook)
    note(['webhook'], say('webhook_alone', { gateway }))
  if (gateway === 'webhook' && secret && !settings.webhook?.verification)
    note(['webhook', 'verification'], say('verification_needed'))
  if (name !== undefined && (name.length === 0 || name.length > 256))
    note(['name'], say('length_between', { min: 1, max: 256 }))
  if (secret !== undefined && secret !== null && (secret.length < 4 || secret.length > 1_024))
    note(['secret'], say('length_between', { min: 4, max: '1,024' }))
  for (const { field, problem } of filters ? chatFilterProblems(filters) : [])
    note(['filters', field], problem)
  for (const [index, one] of (settings.allowedIps ?? []).entries()) {
    const problem = addressProblem(one)
    if (problem !== undefined) note(['allowedIps', String(index)], problem)
  }
  whole('mediaMinBytes', 1_024, 16_777_216)
  whole('dedupeSeconds', 60, 2_592_000)
  whole('silenceMinutes', 1, 43_200)
  if (problems.length > 0) throw invalidFields(problems)

  function whole(
    field: 'mediaMinBytes' | 'dedupeSeconds' | 'silenceMinutes',
    min: number,
    max: number,
  ): void {
    const value = settings[field]
    if (value === undefined || value === null) return
    if (!Number.isInteger(value) || value < min || value > max)
      note([field], {
        msg: `must be a whole number from ${min} to ${max}`,
        code: 'out_of_range',
        values: { min, max },
      })
  }
}

type ChatTest = ReturnType<typeof compileChatFilter>

// A source object lives as long as the cache keeps it; its compiled filter goes with it.
const tests = new WeakMap<Source, ChatTest>()

/** The source's filter, compiled. */
export function testOf(source: Source): ChatTest {
  let test = tests.get(source)
  if (!test) {
    test = compileChatFilter(source.filters, false)
    tests.set(source, test)
  }
  return test
}

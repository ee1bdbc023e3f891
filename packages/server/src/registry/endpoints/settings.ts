import type { ChatFilter } from '../../core/chat-filter.ts'
import type { CircuitSettings, DialectName, Endpoint } from '../../core/endpoint.ts'
import { dialectNames } from '../../core/endpoint.ts'
import { invalid } from '../../core/error.ts'
import { readId } from '../../core/id.ts'
import { priorities } from '../../core/message.ts'
import type { ParsedSecret, Secret } from '../../core/secret.ts'
import {
  createChecks,
  integerProblem,
  jsonProblem,
  lengthProblem,
  metadataProblem,
  uidProblem,
  type Checks,
} from '../checks.ts'
import { headersProblem } from './headers.ts'

/** What a caller can set of an endpoint. */
export interface EndpointSettings
  extends Partial<
    Pick<
      Endpoint,
      | 'url'
      | 'uid'
      | 'description'
      | 'eventTypes'
      | 'channels'
      | 'metadata'
      | 'headers'
      | 'disabled'
      | 'throttleRate'
      | 'throttleWindowMs'
      | 'dialect'
      | 'dialectOptions'
      | 'retryScheduleMs'
      | 'timeoutMs'
      | 'maxInFlight'
      | 'ordering'
      | 'priority'
      | 'filter'
      | 'signatureHeaders'
      | 'circuit'
      | 'transform'
      | 'batch'
      | 'onExhausted'
      | 'oversize'
      | 'chatFilter'
    >
  > {
  /** Only when it is made; later by rotation. Null or absent: generated. */
  secret?: string | null
}

/** What other rooms know better. Each answers what is wrong, or undefined; the API shows it as it is. */
export interface EndpointRules {
  /** Of the address guard: the form of the URL, and an address in it that nothing may be sent to. */
  checkUrl(url: string): string | undefined | Promise<string | undefined>
  /** Of the filter language. */
  checkFilter(expression: string): string | undefined
  /** Of the transformations. */
  checkTransform(expression: string): string | undefined
  /** Of what is filtered by chat: each problem completes "<field>: …". */
  chatFilterProblems?(filter: ChatFilter): { field: string; problem: string }[]
  /** Of the dialects: their own options. */
  checkDialectOptions?(dialect: DialectName, options: Record<string, unknown>): string | undefined
  /** Of the dialects: how their secrets are read and made. */
  parseSecret(dialect: DialectName, text: string): ParsedSecret
  /** Null: this dialect goes without unless one is given. */
  generateSecret(dialect: DialectName): Secret | null
}

const DAY_SECONDS = 86_400

/** Throws a 422 that names every field at fault. */
export async function checkSettings(
  settings: EndpointSettings,
  rules: EndpointRules,
  creating = false,
): Promise<void> {
  const checks = createChecks()
  const {
    uid,
    description,
    metadata,
    headers,
    throttleRate,
    timeoutMs,
    maxInFlight,
    filter,
    dialect,
  } = settings
  if (settings.url !== undefined)
    checks.note('url', lengthProblem(settings.url, 65_536) ?? (await rules.checkUrl(settings.url)))
  else if (creating) checks.note('url', 'is needed')
  if (typeof uid === 'string')
    checks.note('uid', uidProblem(uid, readId('endpoint', uid) !== undefined))
  if (description !== undefined) checks.note('description', lengthProblem(description, 16_384))
  if (metadata !== undefined) checks.note('metadata', metadataProblem(metadata))
  if (headers !== undefined) checks.note('headers', headersProblem(headers))
  if (typeof throttleRate === 'number')
    checks.note('throttleRate', integerProblem(throttleRate, 1, 65_535))
  if (settings.throttleWindowMs !== undefined)
    checks.note('throttleWindowMs', integerProblem(settings.throttleWindowMs, 1_000, 86_400_000))
  if (typeof timeoutMs === 'number')
    checks.note('timeoutMs', integerProblem(timeoutMs, 1_000, 60_000))
  if (maxInFlight !== undefined) checks.note('maxInFlight', integerProblem(maxInFlight, 1, 1_000))
  if (dialect !== undefined) checks.note('dialect', oneOf(dialect, dialectNames))
  if (settings.ordering !== undefined)
    checks.note('ordering', oneOf(settings.ordering, ['none', 'key']))
  if (typeof settings.priority === 'string')
    checks.note('priority', oneOf(settings.priority, priorities))
  if (settings.signatureHeaders !== undefined)
    checks.note('signatureHeaders', oneOf(settings.signatureHeaders, ['webhook', 'svix']))
  checks.note(
    'eventTypes',
    namesProblem(
      settings.eventTypes,
      /^(?:\*|[a-zA-Z0-9\-_.]+(?:\.\*)?)$/,
      256,
      1_000,
      'letters, digits, "-", "_", "." and at the end ".*" for all below',
    ),
  )
  checks.note(
    'channels',
    namesProblem(
      settings.channels,
      /^[a-zA-Z0-9\-_.]+$/,
      128,
      10,
      'letters, digits, "-", "_" and "."',
    ),
  )
  checks.note('retrySchedule', scheduleProblem(settings.retryScheduleMs))
  if (settings.circuit) checkCircuit(settings.circuit, checks)
  if (typeof filter === 'string')
    checks.note('filter', lengthProblem(filter, 4_096) ?? rules.checkFilter(filter))
  if (settings.transform) {
    for (const part of ['payload', 'headers', 'path'] as const) {
      const expression = settings.transform[part]
      if (expression !== undefined)
        checks.note(
          ['transform', part],
          lengthProblem(expression, 8_192) ?? rules.checkTransform(expression),
        )
    }
  }
  if (settings.batch) {
    checks.note(['batch', 'maxEvents'], integerProblem(settings.batch.maxEvents, 2, 1_000))
    checks.note(['batch', 'maxWaitMs'], integerProblem(settings.batch.maxWaitMs, 0, 60_000))
  }
  for (const { field, problem } of (settings.chatFilter &&
    rules.chatFilterProblems?.(settings.chatFilter)) ??
    [])
    checks.note(['chatFilter', field], problem)
  if (settings.oversize)
    checks.note(
      ['oversize', 'maxBytes'],
      integerProblem(settings.oversize.maxBytes, 1_024, 16_777_216),
    )
  if (settings.dialectOptions !== undefined)
    checks.note('dialectOptions', jsonProblem(settings.dialectOptions, 16_384))
  checks.settle()
}

/** Only when it is clear which dialect they are for: a change may leave the endpoint's as it is. Throws a 422. */
export function checkDialectOptions(
  dialect: DialectName,
  options: Record<string, unknown> | undefined,
  rules: EndpointRules,
): void {
  if (options === undefined) return
  const problem = rules.checkDialectOptions?.(dialect, options)
  if (problem !== undefined) throw invalid(['body', 'dialectOptions'], problem)
}

function checkCircuit(
  { failuresToOpen, pauseMs, maxPauseMs }: CircuitSettings,
  checks: Checks,
): void {
  if (failuresToOpen !== undefined)
    checks.note(['circuit', 'failuresToOpen'], integerProblem(failuresToOpen, 1, 10_000))
  if (pauseMs !== undefined)
    checks.note(['circuit', 'pauseMs'], integerProblem(pauseMs, 100, 86_400_000))
  if (maxPauseMs !== undefined)
    checks.note(['circuit', 'maxPauseMs'], integerProblem(maxPauseMs, pauseMs ?? 100, 86_400_000))
}

function scheduleProblem(scheduleMs: number[] | null | undefined): string | undefined {
  if (!scheduleMs) return undefined
  if (scheduleMs.length > 100) return `has ${scheduleMs.length} entries, at most 100 are allowed`
  const wrong = scheduleMs.find(
    (ms) => !Number.isInteger(ms) || ms < 0 || ms > 7 * DAY_SECONDS * 1_000,
  )
  return wrong === undefined
    ? undefined
    : `holds ${wrong / 1_000}; each is the seconds before a retry, 0 to ${7 * DAY_SECONDS}, to the millisecond`
}

function namesProblem(
  names: string[] | null | undefined,
  pattern: RegExp,
  maxLength: number,
  maxItems: number,
  allowed: string,
): string | undefined {
  if (!names) return undefined
  if (names.length === 0) return 'must not be empty; null means all'
  if (names.length > maxItems) return `has ${names.length} entries, at most ${maxItems} are allowed`
  const wrong = names.find((name) => name.length > maxLength || !pattern.test(name))
  if (wrong !== undefined)
    return `"${wrong.slice(0, 64)}" is not allowed: 1 to ${maxLength} characters of ${allowed}`
  return new Set(names).size < names.length ? 'names one twice' : undefined
}

function oneOf(value: string, allowed: readonly string[]): string | undefined {
  return allowed.includes(value)
    ? undefined
    : `must be one of ${allowed.map((word) => `"${word}"`).join(', ')}`
}

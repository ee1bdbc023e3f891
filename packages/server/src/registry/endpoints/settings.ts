import type { ChatFilter } from '../../core/chat-filter.ts'
import type { Destination } from '../../core/destination.ts'
import type { EndpointTls } from '../../core/endpoint-access.ts'
import type { CircuitSettings, DialectName, Endpoint, TransformPart } from '../../core/endpoint.ts'
import { dialectNames, signatureHeaderNames } from '../../core/endpoint.ts'
import { invalid } from '../../core/error.ts'
import type { Coded } from '../../core/field-problem.ts'
import { readId } from '../../core/id.ts'
import { priorities } from '../../core/message.ts'
import type { ParsedSecret, Secret } from '../../core/secret.ts'
import { authProblems, type TlsChange } from './access.ts'
import {
  atMost,
  type Checks,
  checkSettings,
  headersProblems,
  integer,
  integerProblem,
  jsonProblem,
  lengthProblem,
  metadataProblem,
  type Problem,
  type Problems,
  uidProblem,
} from '../checks.ts'
import { say } from '../../core/sentences/sentences.ts'

/** What a caller cannot set as a setting: it is given once, or has a route of its own. */
type NotASetting =
  | 'id'
  | 'tenantId'
  | 'appId'
  | 'paused'
  | 'disabledReason'
  | 'secrets'
  | 'createdAtMs'
  | 'updatedAtMs'

/** What a caller can set of an endpoint. */
export interface EndpointSettings extends Partial<Omit<Endpoint, NotASetting | 'tls'>> {
  tls?: TlsChange | null
  /** Only when it is made; later by rotation. Null or absent: generated. */
  secret?: string | null
}

/** What other rooms know better. Each answers what is wrong, or undefined; the API shows it as it is. */
export interface EndpointRules {
  /** Of the address guard: the form of the URL, and an address in it that nothing may be sent to. */
  checkUrl(url: string): Problem | Promise<Problem>
  /** Of the filter language. */
  checkFilter(expression: string): Problem
  /** Of the transformations. */
  checkTransform(expression: string, part: TransformPart): Problem
  /** Of what is filtered by chat: each problem completes "<field>: …". */
  chatFilterProblems?(filter: ChatFilter): { field: string; problem: string }[]
  /** Of the dialects: their own options. */
  checkDialectOptions?(dialect: DialectName, options: Record<string, unknown>): string | undefined
  /** Of the destinations that are not HTTP. */
  destinations?: DestinationRules
  /** Of the dialects: how their secrets are read and made. */
  parseSecret(dialect: DialectName, text: string): ParsedSecret
  /** Null: this dialect goes without unless one is given. */
  generateSecret(dialect: DialectName): Secret | null
}

export interface DestinationRules {
  /** What is given, with the secrets that are kept in place of their masks. */
  unmasked(given: Destination, kept: Destination | null): Destination
  /** Where it leads, without what opens it. */
  address(destination: Destination): string
  /** Connects for real. */
  problemOf(
    destination: Destination,
    tls: EndpointTls | null,
  ): Promise<{ field: string; problem: string | Coded } | undefined>
}

const DAY_SECONDS = 86_400

/**
 * The blanks around a URL were pasted with it; whatever reads URLs drops them, so that kept they would only mislead.
 * What has no width, such as U+200B, comes along from chats and pages, and would lead to another path unseen.
 */
export function withTrimmedUrls<Settings extends Pick<EndpointSettings, 'url' | 'auth'>>(
  settings: Settings,
): Settings {
  const { url, auth } = settings
  return {
    ...settings,
    ...(url !== undefined && { url: bare(url) }),
    ...(auth?.type === 'oauth2' && { auth: { ...auth, tokenUrl: bare(auth.tokenUrl) } }),
  }
}

const bare = (url: string): string => url.replaceAll(/^[\s\p{Cf}]+|[\s\p{Cf}]+$/gu, '')

async function urlProblemOf(url: string, rules: EndpointRules): Promise<Problem> {
  // The same readers drop them from the middle too, and so reach another address than the one that is shown.
  // oxlint-disable-next-line no-control-regex -- these are looked for
  if (/[\u0000-\u001f\u007f]/.test(url)) return say('control_characters')
  return lengthProblem(url, 65_536) ?? (await rules.checkUrl(url))
}

/** Throws a 422 that names every field at fault. */
export async function checkEndpointSettings(
  settings: EndpointSettings,
  rules: EndpointRules,
  creating = false,
): Promise<void> {
  const { url, retryScheduleMs: retrySchedule, destination, ...others } = settings
  // The checks that wait: the guard looks the names up.
  const urlProblem =
    destination != null
      ? undefined
      : url === undefined
        ? ({ msg: 'is needed, or a destination', code: 'missing' } as const)
        : await urlProblemOf(url, rules)
  const tokenUrl = settings.auth?.type === 'oauth2' ? settings.auth.tokenUrl : undefined
  const tokenUrlProblem = tokenUrl === undefined ? undefined : await urlProblemOf(tokenUrl, rules)
  checkSettings<CheckedSettings>(
    { url: url ?? (creating ? '' : undefined), retrySchedule, ...others },
    {
      url: () => urlProblem,
      auth: (auth) => authProblems(auth, tokenUrlProblem),
      ...checksOf(rules),
    },
  )
}

/** Under the names by which the caller gives them: a schedule comes in seconds. */
type CheckedSettings = Omit<EndpointSettings, 'url' | 'destination' | 'retryScheduleMs'> & {
  url: string | undefined
  retrySchedule: number[] | null | undefined
}

function checksOf(rules: EndpointRules): Checks<CheckedSettings> {
  return {
    uid: (uid) => uidProblem(uid, readId('endpoint', uid) !== undefined),
    description: atMost(16_384),
    metadata: metadataProblem,
    headers: headersProblems,
    throttleRate: integer(1, 65_535),
    throttleWindowMs: integer(1_000, 86_400_000),
    timeoutMs: integer(1_000, 60_000),
    maxInFlight: integer(1, 1_000),
    dialect: oneOf(dialectNames),
    ordering: oneOf(['none', 'key']),
    priority: oneOf(priorities),
    signatureHeaders: oneOf(signatureHeaderNames),
    eventTypes: names(
      /^(?:\*|[a-zA-Z0-9\-_.]+(?:\.\*)?)$/,
      256,
      1_000,
      'letters, digits, "-", "_", "." and at the end ".*" for all below',
    ),
    channels: names(/^[a-zA-Z0-9\-_.]+$/, 128, 10, 'letters, digits, "-", "_" and "."'),
    retrySchedule: scheduleProblem,
    circuit: circuitProblems,
    filter: (filter) => lengthProblem(filter, 4_096) ?? rules.checkFilter(filter),
    transform: (transform) =>
      (['payload', 'headers', 'path'] as const).map((part) => {
        const expression = transform[part]
        if (expression === undefined) return [part, undefined]
        return [part, lengthProblem(expression, 8_192) ?? rules.checkTransform(expression, part)]
      }),
    batch: ({ maxEvents, maxWaitMs }) => [
      ['maxEvents', integerProblem(maxEvents, 2, 1_000)],
      ['maxWaitMs', integerProblem(maxWaitMs, 0, 60_000)],
    ],
    chatFilter: (filter) =>
      (rules.chatFilterProblems?.(filter) ?? []).map(({ field, problem }) => [field, problem]),
    oversize: ({ maxBytes }) => [['maxBytes', integerProblem(maxBytes, 1_024, 16_777_216)]],
    dialectOptions: (options) => jsonProblem(options, 16_384),
  }
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

export function circuitProblems({
  failuresToOpen,
  pauseMs,
  maxPauseMs,
}: CircuitSettings): Problems {
  return [
    ['failuresToOpen', integerProblem(failuresToOpen, 1, 10_000)],
    ['pauseMs', integerProblem(pauseMs, 100, 86_400_000)],
    ['maxPauseMs', integerProblem(maxPauseMs, pauseMs ?? 100, 86_400_000)],
  ]
}

export function scheduleProblem(scheduleMs: number[]): Problem {
  if (scheduleMs.length > 100) return tooMany(scheduleMs.length, 100)
  const maxMs = 7 * DAY_SECONDS * 1_000
  const wrong = scheduleMs.find((ms) => !Number.isInteger(ms) || ms < 0 || ms > maxMs)
  return wrong === undefined
    ? undefined
    : {
        msg: `holds ${wrong / 1_000}; each is the seconds before a retry, 0 to ${7 * DAY_SECONDS}, to the millisecond`,
        code: 'schedule',
      }
}

function tooMany(count: number, limit: number): Problem {
  return {
    msg: `has ${count} entries, at most ${limit} are allowed`,
    code: 'too_many',
    values: { limit },
  }
}

function names(
  pattern: RegExp,
  maxLength: number,
  maxItems: number,
  allowed: string,
): (given: string[]) => Problem {
  return (given) => {
    if (given.length === 0) return say('empty_means_all')
    if (given.length > maxItems) return tooMany(given.length, maxItems)
    const wrong = given.find((name) => name.length > maxLength || !pattern.test(name))
    if (wrong !== undefined)
      return {
        msg: `"${wrong.slice(0, 64)}" is not allowed: 1 to ${maxLength} characters of ${allowed}`,
        code: 'bad_name',
        values: { limit: maxLength },
      }
    return new Set(given).size < given.length ? say('names_twice') : undefined
  }
}

function oneOf(allowed: readonly string[]): (value: string) => Problem {
  const words = allowed.map((word) => `"${word}"`).join(', ')
  return (value) => (allowed.includes(value) ? undefined : say('one_of', { options: words }))
}

import { type Coded, coded } from './field-problem.ts'

/**
 * Every refusal a caller can get, in one place: code, HTTP status, and a message that says what was wrong and how to
 * mend it. Tested against docs/reference/errors.md. Anything that is not in here is a bug and answers 500.
 */
export const catalogue = {
  bad_json: { status: 400, message: 'The body is not valid JSON: {detail}' },
  bad_request: { status: 400, message: '{detail}' },
  bad_encoding: {
    status: 400,
    message: 'The body is not valid {encoding}: byte {at}, counted from 0, is wrong.{hint}',
  },
  bad_compression: {
    status: 400,
    message: 'The body is not what Content-Encoding says: it cannot be unpacked as {encoding}.',
  },
  unsupported_encoding: {
    status: 415,
    message:
      'Content-Encoding "{given}" is not read; send the body as it is, or in gzip, deflate, br or zstd.',
  },
  unsupported_media_type: {
    status: 415,
    message: 'This path takes {expected}; the request said {given}.',
  },
  authentication_failed: {
    status: 401,
    message: 'No valid API key: send {form}. {detail}',
  },
  ingest_unauthorised: {
    status: 401,
    message:
      'No valid ingest token: send it as "?token=", "x-api-key", "apikey" or "Authorization: Bearer". {detail}',
  },
  bad_signature: {
    status: 401,
    message: 'The request is not signed with the secret of source "{source}": {detail}',
  },
  permission_denied: { status: 403, message: 'This key may not do that: {detail}' },
  forged_request: {
    status: 403,
    message: 'This request was not made by a page of this Pombo: {detail}.',
  },
  link_refused: { status: 403, message: 'This link cannot be used: {detail}.' },
  not_found: { status: 404, message: 'There is no {what} "{id}" here.' },
  no_route: {
    status: 404,
    message: 'There is no {method} {path}. The paths are listed at /api/v1/openapi.json.',
  },
  method_not_allowed: { status: 405, message: 'There is no {method} {path}; it takes {allowed}.' },
  conflict: { status: 409, message: '{detail}' },
  idempotency_mismatch: {
    status: 409,
    message:
      'Idempotency-Key "{key}" was used within the last 24 h with another body; use a new key for a new request.',
  },
  idempotency_in_progress: {
    status: 409,
    message:
      'A request with Idempotency-Key "{key}" is being carried out; repeat this one when it has answered.',
  },
  payload_gone: {
    status: 409,
    message: 'The payload of message "{id}" was deleted, so it cannot be sent again.',
  },
  payload_sealed: {
    status: 503,
    message: 'The payload of "{id}" cannot be opened: {detail}',
  },
  too_large: {
    status: 413,
    message: 'The body is larger than {limitBytes} bytes (POMBO_MAX_BODY_BYTES, at most 16 MiB).',
  },
  inflates_too_much: {
    status: 413,
    message: 'Unpacked, the body is more than {ratio} times as long; send it as it is.',
  },
  validation: { status: 422, message: '{detail}' },
  rate_limited: {
    status: 429,
    message:
      'More than {rate} messages a second for this {scope}; repeat after the time in Retry-After.',
  },
  no_time_to_check: {
    status: 429,
    message:
      'Payloads of this sender took too long to check against their schemas. Repeat after the time in Retry-After, ' +
      'and simplify the patterns, uniqueItems or references of "{type}".',
  },
  too_many_sign_ins: {
    status: 429,
    message:
      '{count} sign-ins from this address failed within a minute; repeat after the time in Retry-After.',
  },
  not_offered: { status: 501, message: 'This belongs to Svix and is not offered here: {detail}' },
  overloaded: {
    status: 503,
    message: 'Nothing was accepted: {detail} Repeat after the time in Retry-After.',
  },
  database_away: {
    status: 503,
    message:
      'The database {state}. Repeat after the time in Retry-After; what was asked ' +
      'may have been done, and the answer lost. A message with an Idempotency-Key (or an ' +
      'eventId), the same both times, counts once.',
  },
} as const satisfies Record<string, { status: number; message: string }>

export type ErrorCode = keyof typeof catalogue

/** One wrong field: where it is (`body`, `payload`, …), what is wrong and how to mend it. Svix's form of a 422. */
export interface FieldProblem extends Partial<Pick<Coded, 'code' | 'values' | 'because'>> {
  loc: string[]
  msg: string
  type: string
}

/** The only error class: a caller's mistake, or a state that the caller can wait out. */
export class PomboError extends Error {
  readonly code: ErrorCode
  readonly status: number
  /** What stands in the message's braces. */
  readonly values: Readonly<Record<string, string | number>>
  readonly problems: FieldProblem[]
  /** Seconds for the Retry-After header. */
  readonly retryAfterSeconds: number | undefined
  /** What a 401 says in WWW-Authenticate; undefined: that it is Bearer. */
  readonly challenge: string | undefined

  constructor(
    code: ErrorCode,
    values: Record<string, string | number> = {},
    extra: {
      problems?: FieldProblem[]
      retryAfterSeconds?: number
      challenge?: string
      cause?: unknown
    } = {},
  ) {
    const template: string = catalogue[code].message
    super(template.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? '')).trim(), {
      cause: extra.cause,
    })
    this.name = 'PomboError'
    this.code = code
    this.values = values
    this.status = catalogue[code].status
    this.problems = extra.problems ?? []
    this.retryAfterSeconds = extra.retryAfterSeconds
    this.challenge = extra.challenge
  }
}

/** A 422 that names one field. `loc` starts with `body`, `query`, `path` or `header`. */
export function invalid(loc: string[], problem: string | Coded, type = 'value_error'): PomboError {
  return invalidFields([{ loc, ...coded(problem), type }])
}

/** A 422 that names each of the fields. */
export function invalidFields(problems: FieldProblem[], cause?: unknown): PomboError {
  return new PomboError('validation', { detail: problemsText(problems) }, { problems, cause })
}

export function problemsText(problems: readonly Pick<FieldProblem, 'loc' | 'msg'>[]): string {
  return problems.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; ')
}

/** Throws the 404 of what is not there; `id` as it was asked for. */
export function missing(what: string, id: string): never {
  throw new PomboError('not_found', { what, id })
}

/** What is made; undefined where another one is there already, which is a `conflict`. */
export async function unlessTaken<Made>(making: Promise<Made>): Promise<Made | undefined> {
  return await making.catch((error: unknown) => {
    if (error instanceof PomboError && error.code === 'conflict') return undefined
    throw error
  })
}

/** A 422 whose places are those of what the caller sent, and not of what was made of it. Others stay as they are. */
export function relocated(error: unknown, to: (loc: string[]) => string[]): unknown {
  if (!(error instanceof PomboError) || error.code !== 'validation') return error
  return invalidFields(
    error.problems.map((problem) => ({ ...problem, loc: to(problem.loc) })),
    error,
  )
}

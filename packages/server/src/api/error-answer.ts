import { type ErrorCode, type FieldProblem, PomboError } from '../core/error.ts'
import { withoutKeys } from '../core/hidden-keys.ts'
import { because, type CodedSentence } from '../core/sentences/sentences.ts'
import { bearerForm } from '../core/key-form.ts'
import { awayState, isAway, isUnable } from '../db/pool.ts'

/**
 * An error as it goes out: Svix's `HttpErrorOut`, or `HTTPValidationError` for a 422. `bug`: it is ours, and belongs
 * in the log.
 */
export interface ErrorAnswer {
  status: number
  body: ErrorBody | { detail: unknown[] }
  headers: Record<string, string>
  bug: boolean
}

interface ErrorBody {
  code: string
  detail: string
  values?: Record<string, string | number>
  because?: CodedSentence
}

/** Seconds after which a caller may come back where nothing better is known. */
const usualRetryAfterSeconds = 1

export function errorAnswer(
  error: unknown,
  context: { requestId: string; maxBodyBytes: number },
): ErrorAnswer {
  if (error instanceof PomboError) return known(error)
  if (isUnable(error))
    return { ...known(new PomboError('database_away', { state: awayState(error) })), bug: true }
  if (isAway(error)) return known(new PomboError('database_away', { state: awayState(error) }))
  const refused = ofFastify(error, context.maxBodyBytes)
  if (refused) return known(refused)
  return {
    status: 500,
    body: {
      code: 'internal_error',
      detail: `Pombo made a mistake. Its log says more under request ${context.requestId}.`,
    },
    headers: {},
    bug: true,
  }
}

function known(error: PomboError): ErrorAnswer {
  const headers: Record<string, string> = {}
  if (error.status === 401) headers['www-authenticate'] = error.challenge ?? bearerForm.challenge
  if (error.status === 503 || error.status === 429)
    headers['retry-after'] = String(error.retryAfterSeconds ?? usualRetryAfterSeconds)
  return { status: error.status, body: errorBody(error), headers, bug: false }
}

export function errorBody(error: PomboError): ErrorAnswer['body'] {
  if (error.code === 'validation' && error.problems.length > 0)
    return { detail: error.problems.map(shownProblem) }
  const { detail, ...values } = shownValues(error.values)
  return {
    code: error.code,
    detail: withoutKeys(error.message),
    ...(Object.keys(values).length > 0 && { values }),
    ...because(String(detail)),
  }
}

function shownProblem({ values, because: why, ...one }: FieldProblem): FieldProblem {
  return {
    ...one,
    msg: withoutKeys(one.msg),
    ...(values && { values: shownValues(values) }),
    ...(why && { because: { ...why, values: shownValues(why.values) } }),
  }
}

function shownValues<Value extends string | number>(
  values: Readonly<Record<string, Value>>,
): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      (typeof value === 'string' ? withoutKeys(value) : value) as Value,
    ]),
  )
}

/** What fastify refuses before a handler sees it, in Pombo's words. */
function ofFastify(error: unknown, maxBodyBytes: number): PomboError | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('statusCode' in error)) return undefined
  if (typeof error.code !== 'string' || !error.code.startsWith('FST_')) return undefined
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new PomboError('too_large', { limitBytes: maxBodyBytes })
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new PomboError('unsupported_media_type', { expected: 'application/json', given: 'none' })
  // Fastify repeats the path, and a token may stand in it.
  if (error.code === 'FST_ERR_BAD_URL')
    return new PomboError('bad_request', {
      detail: 'The path cannot be decoded: after "%" come two hexadecimal digits, as UTF-8.',
    })
  if (typeof error.statusCode !== 'number' || error.statusCode >= 500) return undefined
  return new PomboError('bad_request' satisfies ErrorCode, { detail: error.message })
}

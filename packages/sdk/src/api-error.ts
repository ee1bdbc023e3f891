/** One wrong field of a 422: `loc` is its path (`body`, `url`). */
export interface FieldProblem {
  loc: string[]
  msg: string
  type: string
}

interface ErrorParts {
  code: string
  detail: string
  problems?: FieldProblem[]
  retryAfterMs?: number | undefined
  cause?: unknown
}

/**
 * The server refused, or there was no usable answer. `status` is the HTTP status, or 0 when there was no answer at
 * all (`code` is then `timeout` or `network_error`, and `cause` what the runtime said). Other codes are the server's
 * own (`not_found`, `conflict`, `validation`, …), `bad_answer` for what is not JSON, or `http_<status>`.
 */
export class PomboApiError extends Error {
  override readonly name = 'PomboApiError'
  readonly status: number
  readonly code: string
  /** What was wrong and how to mend it, in the server's words. */
  readonly detail: string
  /** The wrong fields of a 422; else empty. */
  readonly problems: readonly FieldProblem[]
  /** When the server said how long to wait. */
  readonly retryAfterMs: number | undefined

  constructor(request: string, status: number, parts: ErrorParts) {
    super(`${request}: ${status === 0 ? '' : `${status} `}${parts.code}: ${parts.detail}`, {
      cause: parts.cause,
    })
    this.status = status
    this.code = parts.code
    this.detail = parts.detail
    this.problems = parts.problems ?? []
    this.retryAfterMs = parts.retryAfterMs
  }
}

/**
 * Reads an error answer: Svix's `{code, detail}`, its 422 with a list of fields, or whatever a proxy in between
 * wrote.
 */
export function readError(
  request: string,
  status: number,
  text: string,
  retryAfterMs: number | undefined,
): PomboApiError {
  const { code, detail } = parseObject(text)
  const problems = Array.isArray(detail) ? (detail as FieldProblem[]) : []
  return new PomboApiError(request, status, {
    code: typeof code === 'string' ? code : problems.length > 0 ? 'validation' : `http_${status}`,
    detail:
      problems.length > 0
        ? problems.map(({ loc, msg }) => `${loc?.join('.')}: ${msg}`).join('; ')
        : typeof detail === 'string'
          ? detail
          : excerpt(text),
    problems,
    retryAfterMs,
  })
}

export function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line === '' ? '(empty answer)' : line.slice(0, 300)
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {} // A proxy's page: its text is what there is to show.
  }
}

/** Why a request did not do what was asked, for words and for the fields of a form. */
export class Problem extends Error {
  override name = 'Problem'
  readonly status: number
  /** Of docs/reference/errors.md; `network` when nothing answered. */
  readonly code: string
  /** What Pombo said of it, in English. */
  readonly detail: string
  /** What stands in the sentence of the code. */
  readonly values: Values
  /** Of what the detail says beyond that sentence, where it has a code. */
  readonly because: Because | undefined
  readonly fields: readonly FieldProblem[]
  readonly retryAfterSeconds: number | undefined

  constructor(given: {
    status: number
    code: string
    detail: string
    values?: Values | undefined
    because?: Because | undefined
    fields?: readonly FieldProblem[]
    retryAfterSeconds?: number | undefined
  }) {
    super(given.detail)
    this.status = given.status
    this.code = given.code
    this.detail = given.detail
    this.values = given.values ?? {}
    this.because = given.because
    this.fields = given.fields ?? []
    this.retryAfterSeconds = given.retryAfterSeconds
  }
}

type Values = Readonly<Record<string, string | number>>

export interface Because {
  code: string
  values: Record<string, string>
}

export interface FieldProblem {
  /** `url`, `transform.payload`, `retrySchedule.0`. */
  field: string
  /** What Pombo said of it, in English. */
  message: string
  /** Where it has one that this dashboard knows. */
  code: string | undefined
  values: Values | undefined
  /** Of what stands in it in Pombo's own words. */
  because?: Because | undefined
}

interface Refusal {
  code?: unknown
  detail?: unknown
  values?: Values
  because?: Because
}

interface Entry {
  loc?: unknown
  msg?: unknown
  code?: string
  values?: Record<string, string | number>
  because?: Because
}

export function problemOf(response: Response, body: unknown): Problem {
  const { code, detail, values, because } = (
    typeof body === 'object' && body !== null ? body : {}
  ) as Refusal
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN)
  const base = {
    status: response.status,
    retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : undefined,
  }
  if (Array.isArray(detail)) {
    const fields = (detail as Entry[]).map(({ loc, msg, code, values, because }) => ({
      // The first is where: body, query, path.
      field: Array.isArray(loc) ? loc.slice(1).join('.') : '',
      message: String(msg),
      code,
      values,
      because,
    }))
    const text = fields.map(({ field, message }) => `${field}: ${message}`).join('; ')
    return new Problem({ ...base, code: 'validation', detail: text, fields })
  }
  return new Problem({
    ...base,
    code: typeof code === 'string' ? code : `http_${response.status}`,
    detail: typeof detail === 'string' ? detail : response.statusText,
    values,
    because,
  })
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  const detail = error instanceof Error ? error.message : String(error)
  return new Problem({ status: 0, code: 'unknown', detail })
}

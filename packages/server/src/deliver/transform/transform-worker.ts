// Runs transformations in a thread of its own, where time and memory can be bounded: the thread that delivers must
// not wait for them.
import { parentPort } from 'node:worker_threads'
import type { Transform } from '../../core/endpoint.ts'
import {
  compileExpression,
  type Expression,
  type ExpressionInput,
  problemWith,
  type ResultKind,
  toJson,
} from '../../core/expression.ts'
import { headersProblem, isReservedHeader } from '../../core/request-headers.ts'
import { say } from '../../core/sentences/sentences.ts'

export interface TransformJob {
  id: number
  transform: Transform
  /** JSON text. */
  payload: string
  input: Omit<ExpressionInput, 'payload'>
}

/** `cpuMs`: what it took on a core; on a busy machine the clock says nothing. */
export type TransformAnswer = { id: number; cpuMs: number } & TransformResult

/** What the expressions gave; a part that has none is left as it is. */
export type TransformResult =
  | {
      ok: true
      payload: string | null
      headers: Record<string, string> | null
      path: string | null
    }
  | { ok: false; problem: string }

const compiled = new Map<string, Expression>()

function expression(text: string, kind: ResultKind): Expression {
  const key = `${kind} ${text}`
  let found = compiled.get(key)
  if (!found) {
    const result = compileExpression(text, kind)
    if (!result.ok) throw new Error(result.problem)
    if (compiled.size > 1_000) compiled.clear()
    compiled.set(key, (found = result.evaluate))
  }
  return found
}

function headersOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('the headers expression must give a map')
  const headers = Object.fromEntries(
    Object.entries(value).map(([name, text]: [string, unknown]) => {
      if (
        typeof text !== 'string' &&
        typeof text !== 'number' &&
        typeof text !== 'boolean' &&
        typeof text !== 'bigint'
      )
        throw new Error(say('transformed_header', { name: `"${name}"` }))
      // Blanks around what comes out of a payload are nothing that a sender could mend; HTTP removes them.
      return [name, String(text).replace(/^[ \t]+|[ \t]+$/g, '')]
    }),
  )
  const problem = headersProblem(headers)
  // A name that is reserved may be said though the payload chose it: it is no secret of anybody's.
  const cause = Object.keys(headers).find((name) => name.length <= 40 && isReservedHeader(name))
  if (problem !== undefined) throw new Error(`headers: ${problem}`, { cause })
  return Object.fromEntries(
    Object.entries(headers).map(([name, text]) => [name.toLowerCase(), text]),
  )
}

function pathOf(value: unknown): string {
  if (typeof value !== 'string') throw new Error(say('transformed_path_text'))
  if (value.length > 2_000) throw new Error(say('transformed_path_long'))
  return value
}

function run({ transform, payload, input }: TransformJob): TransformResult {
  try {
    const all: ExpressionInput = { ...input, payload: JSON.parse(payload) as unknown }
    return {
      ok: true,
      payload:
        transform.payload === undefined ? null : toJson(expression(transform.payload, 'any')(all)),
      headers:
        transform.headers === undefined
          ? null
          : headersOf(expression(transform.headers, 'map')(all)),
      path: transform.path === undefined ? null : pathOf(expression(transform.path, 'string')(all)),
    }
  } catch (error) {
    const said = error instanceof Error && typeof error.cause === 'string' ? error.cause : ''
    const texts = [transform.payload, transform.headers, transform.path, said]
    return { ok: false, problem: problemWith(error, texts.join('\n')) }
  }
}

parentPort?.on('message', (job: TransformJob) => {
  const before = process.threadCpuUsage()
  const result = run(job)
  const { user, system } = process.threadCpuUsage(before)
  const cpuMs = (user + system) / 1_000
  parentPort!.postMessage({ id: job.id, cpuMs, ...result } satisfies TransformAnswer)
})
// Everything is loaded: from here on the time is the transformation's.
parentPort?.postMessage('ready')

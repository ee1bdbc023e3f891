import { compileExpression, type ExpressionInput, problemWith } from '../core/expression.ts'
import { say } from '../core/sentences/sentences.ts'

/** Decides on one message; about 1 µs. A filter that fails on a message excludes it, and says why. */
export type Filter = (input: ExpressionInput) => { matched: boolean; reason: string | null }

export type CompiledFilter = { ok: true; filter: Filter } | { ok: false; problem: string }

const notJson = say('payload_not_json')

/** Compiles a payload filter, or says what is wrong with it. */
export function compileFilter(expression: string): CompiledFilter {
  if (expression.length > 4_096) return { ok: false, problem: say('expression_long') }
  const compiled = compileExpression(expression, 'bool')
  if (!compiled.ok) return compiled
  return {
    ok: true,
    filter: (input) => {
      try {
        const result = compiled.evaluate(input)
        return {
          matched: result === true,
          reason: typeof result === 'boolean' ? null : say('filter_not_boolean'),
        }
      } catch (error) {
        if (input.payload === undefined) return { matched: false, reason: notJson }
        return { matched: false, reason: problemWith(error, expression) }
      }
    },
  }
}

/**
 * Schemas are a tenant's, and payloads anybody's: by the pattern `^(a+)+$` a text of forty letters would take the one
 * thread for years, and `uniqueItems` takes the square of a list. Such schemas are checked against a deadline, which
 * V8 keeps within a regular expression too. It costs a thread, some 0.2 ms; all other schemas go without.
 */
import { type Context, createContext, Script } from 'node:vm'
import { fields } from '../../core/json-values.ts'

/** What takes longer than linear in the payload; by references a schema may branch at each depth of it. */
const mayTakeLong = /"(?:pattern|patternProperties|uniqueItems|\$(?:dynamic|recursive)?[rR]ef)":/

/** Longer than any honest check: 1 MB by a pattern of a date takes a millisecond. */
const limitMs = 250
/** Left to later payloads once the time is used up, until the schema is read again. */
const leastMs = 25

type Check<Answer> = (payload: unknown) => Answer

let timed: { context: Context; script: Script } | undefined

/** The same check, which answers `late` where it would take too long. */
export function withinDeadline<Answer>(
  schema: object,
  check: Check<Answer>,
): Check<Answer | 'late'> {
  if (!mayTakeLong.test(JSON.stringify(schema))) return check
  let leftMs = limitMs
  return (payload) => {
    timed ??= { context: createContext(), script: new Script('check()') }
    const { context, script } = timed
    context['check'] = () => check(payload)
    try {
      return script.runInContext(context, { timeout: leftMs }) as Answer
    } catch (error) {
      // It is of the context's own `Error`.
      if (fields(error)?.['code'] !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
      leftMs = leastMs
      return 'late'
    } finally {
      context['check'] = undefined
    }
  }
}

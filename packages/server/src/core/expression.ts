import { Environment } from '@marcbachmann/cel-js'
import { comprehensions, quadraticPart } from './expression-cost.ts'
import { say } from './sentences/sentences.ts'

/**
 * Expressions of endpoints (filters, transformations) in CEL, the Common Expression Language: it always ends, and has
 * no access to anything but its variables. `matches` is refused: it runs a backtracking RegExp, which a chosen input
 * can hang. Comprehensions may not nest, and those of filters may do no work on the whole payload (expression-cost.ts),
 * so that the cost stays linear in it.
 */
const environment = new Environment({
  unlistedVariablesAreDyn: false,
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
  limits: {
    maxAstNodes: 500,
    maxDepth: 32,
    maxListElements: 200,
    maxMapEntries: 100,
    maxCallArguments: 8,
  },
})
  .registerVariable('payload', 'dyn')
  .registerVariable('eventType', 'string')
  .registerVariable('channels', 'list<string>')
  .registerVariable('tags', 'list<string>')
  .registerVariable('messageId', 'string')
  .registerVariable('timestamp', 'string')
  .registerFunction('json(dyn): string', (value: unknown) => toJson(value))

/** What an expression sees. */
export interface ExpressionInput {
  /** Undefined where it is not JSON: then what asks for it fails. */
  payload: unknown
  eventType: string
  channels: string[]
  tags: string[]
  /** Shown id. */
  messageId: string
  /** ISO 8601. */
  timestamp: string
}

export type Expression = (input: ExpressionInput) => unknown

export type Compiled = { ok: true; evaluate: Expression } | { ok: false; problem: string }

/** What an expression must give. */
export type ResultKind = 'bool' | 'string' | 'map' | 'any'

// Not in TypeScript's library yet.
const rawJson = (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON

/** CEL's integers are big; JSON takes their digits as they are. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint' ? rawJson(String(part)) : part,
  ) as string | undefined
  if (text === undefined) throw new Error(say('nothing_for_json'))
  return text
}

function* calls(node: unknown, depth: number): Generator<{ name: string; depth: number }> {
  if (Array.isArray(node)) {
    for (const part of node) yield* calls(part, depth)
    return
  }
  if (typeof node !== 'object' || node === null || !('op' in node) || !('args' in node)) return
  const isCall = node.op === 'rcall' || node.op === 'call'
  const name = isCall && Array.isArray(node.args) ? String(node.args[0]) : ''
  const inner = comprehensions.has(name) ? depth + 1 : depth
  if (name) yield { name, depth: inner }
  yield* calls(node.args, inner)
}

/**
 * Compiles an expression that must give `result`, or says what is wrong with it. Evaluating throws where the input does
 * not fit.
 */
export function compileExpression(text: string, result: ResultKind): Compiled {
  try {
    const program = environment.parse(text)
    const checked = program.check()
    if (!checked.valid) return { ok: false, problem: firstLine(checked.error) }
    const type = checked.type ?? 'dyn'
    if (
      result !== 'any' &&
      type !== 'dyn' &&
      !(result === 'map' ? type.startsWith('map') : type === result)
    ) {
      return {
        ok: false,
        problem: say('expression_gives', {
          type,
          wanted: result === 'bool' ? 'true or false' : `a ${result}`,
        }),
      }
    }
    for (const { name, depth } of calls(program.ast, 0)) {
      if (name === 'matches')
        return {
          ok: false,
          problem: say('expression_matches'),
        }
      if (name === 'json' && result === 'bool')
        return {
          ok: false,
          problem: say('expression_json'),
        }
      if (depth > 1)
        return {
          ok: false,
          problem: say('expression_nested', { name }),
        }
    }
    // Transformations run in a thread of their own, with a bound on their time.
    const costly = result === 'bool' ? quadraticPart(program.ast) : undefined
    if (costly !== undefined)
      return {
        ok: false,
        problem: say('expression_quadratic', { part: costly }),
      }
    return { ok: true, evaluate: (input) => program({ ...input }) as unknown }
  } catch (error) {
    return { ok: false, problem: firstLine(error) }
  }
}

/**
 * The maps that an expression gives as they are written there, one for each branch of a choice: the names of their
 * members, and those of their values that are written out too. What is worked out of the input is not among them.
 */
export function writtenMaps(text: string): WrittenMember[][] {
  return mapsIn(environment.parse(text).ast)
}

interface WrittenMember {
  name: string
  value?: unknown
}

function mapsIn(node: unknown): WrittenMember[][] {
  if (typeof node !== 'object' || node === null || !('op' in node) || !('args' in node)) return []
  if (!Array.isArray(node.args)) return []
  if (node.op === '?:') return node.args.slice(1).flatMap(mapsIn)
  if (node.op !== 'map') return []
  return [
    (node.args as [unknown, unknown][]).flatMap(([key, value]) => {
      const name = written(key)
      if (typeof name !== 'string') return []
      const given = written(value)
      return [given === undefined ? { name } : { name, value: given }]
    }),
  ]
}

function written(node: unknown): unknown {
  return typeof node === 'object' && node !== null && 'op' in node && node.op === 'value'
    ? (node as unknown as { args: unknown }).args
    : undefined
}

/**
 * What went wrong with one input, in words that hold nothing of the input: they are recorded and logged, where a
 * payload must not be read. What stands in the expression itself may be said.
 */
export function problemWith(error: unknown, expression: string): string {
  const known = (text: string): boolean => expression.includes(text)
  return firstLine(error)
    .replace(/"(.*)"/, (quoted, text: string) => (known(text) ? quoted : '(hidden)'))
    .replace(/^(No such key|Invalid [a-z ]+): (.*)$/, (all, what: string, text: string) =>
      known(text) ? all : `${what}: (hidden)`,
    )
}

/** The first line of what went wrong; the rest points into the expression with spaces and carets. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : 'it cannot be read'
  return text.split('\n')[0]!
}

import { parseArgs } from 'node:util'
import { nearest } from '../core/nearest.ts'
import type { Kind } from '../core/setting.ts'
import { table, tell } from './output.ts'

/** Exit codes, the same for all commands. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const

/** One `--option`. `kind` is absent for a flag. */
export interface Option<T> {
  kind: Kind<unknown> | undefined
  placeholder: string
  help: string
  short: string | undefined
  default: T
}

export type Options = Readonly<Record<string, Option<unknown>>>
export type Values<O extends Options> = {
  [Name in keyof O]: O[Name] extends Option<infer T> ? T : never
}

export interface Command {
  name: string
  /** One line, for the list of commands. */
  summary: string
  help(): string
  /** Answers the exit code. */
  execute(args: string[]): Promise<number>
}

export interface CommandSpec<O extends Options> {
  name: string
  summary: string
  about: string
  options: O
  /** A command line, and what it does. */
  examples: readonly (readonly [string, string])[]
  /** What the exit codes mean, where it is more than usual. */
  exits?: string
  /** What the options lack or contradict together. */
  check?(values: Values<O>): string[]
  run(values: Values<O>): Promise<number>
}

export function flag(help: string, short?: string): Option<boolean> {
  return { kind: undefined, placeholder: '', help, short, default: false }
}

export function option<T>(kind: Kind<T>, placeholder: string, help: string): Option<T | undefined>
export function option<T>(kind: Kind<T>, placeholder: string, help: string, fallback: T): Option<T>
export function option<T>(
  kind: Kind<T>,
  placeholder: string,
  help: string,
  fallback?: T,
): Option<T | undefined> {
  return { kind: kind as Kind<unknown>, placeholder, help, short: undefined, default: fallback }
}

/**
 * Makes a command of its description: reads its options by their kinds, naming every mistake at once, and
 * writes its help.
 */
export function command<const O extends Options>(spec: CommandSpec<O>): Command {
  const help = (): string => helpText(spec)
  return {
    name: spec.name,
    summary: spec.summary,
    help,
    async execute(args) {
      const read = readOptions(spec.options, args)
      if (read.help) {
        process.stdout.write(help())
        return exitCodes.ok
      }
      const values = read.values as Values<O>
      const problems = read.problems.length > 0 ? read.problems : (spec.check?.(values) ?? [])
      if (problems.length === 0) return await spec.run(values)
      for (const problem of problems) tell(problem)
      tell(`See "pombo ${spec.name} --help".`)
      return exitCodes.usage
    },
  }
}

function readOptions(
  options: Options,
  args: string[],
): { help: boolean; problems: string[]; values: Record<string, unknown> } {
  const known: Record<string, { type: 'string' | 'boolean'; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
  }
  for (const [name, { kind, short }] of Object.entries(options))
    known[name] = { type: kind ? 'string' : 'boolean', ...(short !== undefined && { short }) }
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, { default: fallback }] of Object.entries(options)) values[name] = fallback
  // Not strict: a strict parser stops at the first mistake, and its words are about parsers.
  const { tokens } = parseArgs({
    args,
    options: known,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  let help = false
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(`"${token.value}" is not expected here.`)
    if (token.kind !== 'option') continue
    if (token.name === 'help') help = true
    else problems.push(...readOption(options, known, token, values))
  }
  return { help, problems, values }
}

function readOption(
  options: Options,
  known: Record<string, unknown>,
  token: { name: string; rawName: string; value: string | undefined },
  values: Record<string, unknown>,
): string[] {
  const found = Object.hasOwn(options, token.name) ? options[token.name] : undefined
  if (found === undefined) {
    const meant = nearest(token.name, Object.keys(known))
    return [`There is no option ${token.rawName}.${meant ? ` Did you mean --${meant}?` : ''}`]
  }
  if (found.kind === undefined) {
    if (token.value !== undefined) return [`${token.rawName} takes no value.`]
    values[token.name] = true
    return []
  }
  if (token.value === undefined) return [`${token.rawName} needs a value: ${found.kind.allowed}.`]
  const result = found.kind.schema.safeParse(token.value)
  if (result.success) {
    values[token.name] = result.data
    return []
  }
  const { message } = result.error.issues[0]!
  return [
    `${token.rawName} cannot be "${token.value}": ${message}. It takes ${found.kind.allowed}.`,
  ]
}

function helpText<O extends Options>(spec: CommandSpec<O>): string {
  const rows = Object.entries(spec.options).map(
    ([name, { kind, placeholder, help, short, default: fallback }]) => {
      const value = kind ? ` <${placeholder}>` : ''
      const shown = kind && fallback !== undefined ? kind.show(fallback) : ''
      return [
        `${short ? `-${short}, ` : ''}--${name}${value}`,
        `${help}${shown === '' ? '' : ` (default ${shown})`}`,
      ] as const
    },
  )
  const options = [...rows, ['-h, --help', 'This text'] as const]
  const examples = spec.examples.map(([line, what]) => `  ${line}\n      ${what}`).join('\n')
  return `pombo ${spec.name}: ${spec.summary}

${spec.about.trim()}

Usage: pombo ${spec.name} [options]

Options:
${table(options)}

Examples:
${examples}

Exit codes: ${spec.exits ?? '0 done, 1 failed, 2 wrong options or configuration'}
`
}

import { errorMessage } from '../core/thrown.ts'
/** How commands speak: what was asked for on standard output, all else on standard error, a line at a time. */

/** The command's result. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2))
}

/** What a person wants to know while it runs, and what went wrong. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Two columns, the second aligned. */
export function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n')
}

/** `12.3`, of a moment of `performance.now()`. */
export function secondsSince(startedAt: number): string {
  return ((performance.now() - startedAt) / 1_000).toFixed(1)
}

/** What went wrong, without its stack; of a failed connection the reason behind it. */
export function reasonOf(error: unknown): string {
  return errorMessage(error instanceof Error && error.cause instanceof Error ? error.cause : error)
}

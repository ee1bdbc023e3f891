import { nearest } from '../core/nearest.ts'
import { exitCodes, type Command } from './command.ts'
import { table, tell } from './output.ts'

/** A command of a group: its line in the list, and what loads it when it is called. */
export type Entry = readonly [summary: string, load: () => Promise<Command>]

/** Commands under one name: `pombo …`, `pombo pg …`. */
export interface Group {
  /** With which they are called. */
  name: 'pombo' | `pombo ${string}`
  about: string
  entries: Readonly<Record<string, Entry>>
  /** Further lines below the list. */
  more?: string
}

export function overview({ name, about, entries, more = '' }: Group): string {
  const rows = Object.entries(entries).map(([command, [summary]]) => [command, summary] as const)
  return `${about}

Usage: ${name} <command> [options]

Commands:
${table(rows)}

  ${name} <command> --help   Options and examples of a command
${more}`
}

/** Finds the command that is meant, and runs it; a name that there is not is answered with the nearest. */
export async function runOf(
  { name, entries }: Group,
  wanted: string,
  args: string[],
): Promise<number> {
  const found = Object.hasOwn(entries, wanted) ? entries[wanted] : undefined
  if (found !== undefined) return await (await found[1]()).execute(args)
  const meant = nearest(wanted, Object.keys(entries))
  const hint = meant ? ` Did you mean "${name} ${meant}"?` : ''
  const called = `${name} ${wanted}`.slice('pombo '.length)
  tell(`There is no command "${called}".${hint} "${name} --help" lists them.`)
  return exitCodes.usage
}

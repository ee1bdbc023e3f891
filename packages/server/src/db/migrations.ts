import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Migration {
  version: number
  name: string
  sql: string
  hash: string
  /**
   * The oldest version that code must know to work on the schema that this one leaves; 0: whatever worked before it
   * still does.
   */
  servesFrom: number
}

/** What a migration says that takes something away; see docs/decisions/0006-rolling-upgrades.md. */
const servesLine = /^-- Serves code from version (\d+)\.$/m

/** The migrations this code brings: `NNNN-name.sql`, in the order of their numbers. */
export function migrations(): Migration[] {
  const folder = join(import.meta.dirname, 'migrations')
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .toSorted()
  const found = files.map((file) => {
    const sql = readFileSync(join(folder, file), 'utf8')
    return {
      version: Number(file.slice(0, 4)),
      name: file.slice(5, -4),
      sql,
      hash: createHash('sha256').update(sql).digest('hex'),
      servesFrom: Number(servesLine.exec(sql)?.[1] ?? 0),
    }
  })
  const twice = found.find(({ version }, index) => version === found[index + 1]?.version)
  if (twice)
    throw new Error(
      `two migrations carry the number ${twice.version}; give one of them the next free number`,
    )
  return found
}

/** The schema's version that this code knows. */
export function schemaVersion(): number {
  return migrations().at(-1)!.version
}

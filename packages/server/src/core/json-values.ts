/**
 * Reading JSON whose shape is not known: what is not of the expected shape is `undefined`, `null` or empty, never an
 * exception.
 */

export type Fields = Record<string, unknown>

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object's fields; undefined for anything that is not a plain object. */
export function fields(value: unknown): Fields | undefined {
  return isObject(value) ? value : undefined
}

/** Non-empty text, else null. */
export function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

/** The first of several spellings that is non-empty text. */
export function firstText(...values: unknown[]): string | null {
  for (const value of values) if (typeof value === 'string' && value !== '') return value
  return null
}

/** What a table has under a key that came from outside: `constructor` and its like are in no table. */
export function entry<Value>(
  table: Readonly<Record<string, Value>>,
  key: unknown,
): Value | undefined {
  return typeof key === 'string' && Object.hasOwn(table, key) ? table[key] : undefined
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

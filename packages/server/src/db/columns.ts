import { binaryArray, type ElementValues } from './binary-array.ts'

/**
 * An array of texts travels as its own text, because PostgreSQL has no arrays of arrays of different lengths: cast
 * it by `::text[]` in the statement.
 */
interface Values extends ElementValues {
  texts: readonly string[]
}

/** What a column is called, of which type it is, and what each row has in it. */
export type Column<Row> = {
  [Type in keyof Values]: readonly [
    name: string,
    type: Type,
    valueOf: (row: Row) => Values[Type] | null,
  ]
}[keyof Values]

export interface Columns<Row> {
  /** `unnest($2::uuid[], …)`. */
  unnest: string
  /** `id, tenant_id, …`, to name what `unnest` answers. */
  names: string
  /** The number of the parameter after the last one. */
  next: number
  /** One array for each column. */
  values: (rows: readonly Row[]) => unknown[]
}

/** A batch of rows as parameters from `$first` on, an array for each column. */
export function columnsOf<Row>(first: number, columns: readonly Column<Row>[]): Columns<Row> {
  return {
    unnest: `unnest(${columns.map(([, type], i) => `$${first + i}::${elementOf(type)}[]`).join(', ')})`,
    names: columns.map(([name]) => name).join(', '),
    next: first + columns.length,
    values: (rows) =>
      columns.map(([, type, valueOf]) =>
        type === 'texts'
          ? binaryArray('text', rows.map(valueOf).map(arrayText))
          : binaryArray(type, rows.map<Values[typeof type] | null>(valueOf)),
      ),
  }
}

function elementOf(type: keyof Values): keyof ElementValues {
  return type === 'texts' ? 'text' : type
}

function arrayText(values: readonly string[] | null): string | null {
  if (values === null) return null
  return `{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`
}

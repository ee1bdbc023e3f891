import { plainArray } from './array.ts'

/**
 * The type of a column, and how its array is written. `word` is text of our own that needs no quoting; `texts` is an
 * array of texts, which travels as its own text because PostgreSQL has no arrays of arrays of different lengths: cast
 * it by `::text[]` in the statement.
 */
const types = {
  uuid: { sql: 'uuid', plain: true },
  int: { sql: 'int', plain: true },
  smallint: { sql: 'smallint', plain: true },
  float8: { sql: 'float8', plain: true },
  bool: { sql: 'bool', plain: true },
  word: { sql: 'text', plain: true },
  text: { sql: 'text', plain: false },
  texts: { sql: 'text', plain: false },
  bytea: { sql: 'bytea', plain: false },
} as const

interface Values {
  uuid: string
  int: number
  smallint: number
  float8: number
  bool: boolean
  word: string
  text: string
  texts: readonly string[]
  bytea: Buffer
}

/** What a column is called, of which type it is, and what each row has in it. */
type Column<Row> = {
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
    unnest: `unnest(${columns.map(([, type], i) => `$${first + i}::${types[type].sql}[]`).join(', ')})`,
    names: columns.map(([name]) => name).join(', '),
    next: first + columns.length,
    values: (rows) =>
      columns.map(([, type, valueOf]) => {
        const values = rows.map<unknown>(valueOf)
        if (types[type].plain) return plainArray(values as (string | number | boolean | null)[])
        return type === 'texts' ? (values as (string[] | null)[]).map(arrayText) : values
      }),
  }
}

function arrayText(values: readonly string[] | null): string | null {
  if (values === null) return null
  return `{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`
}

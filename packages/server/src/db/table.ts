/**
 * A table whose rows the code has as objects. Which member is which column is said once; the statements that read,
 * insert, update and delete single rows are built from that. What a hot path runs is written out as SQL in the
 * `store.ts` of its room.
 *
 * Members whose names end in `AtMs` are milliseconds since the epoch in the code, and `timestamptz` in the table.
 */
import type { Queryable } from './pool.ts'

/** Asks for a part of a list, in the order of the table's key. Of ids that is the order of creation. */
export interface ListOptions<Key extends string = 'id'> {
  /** 1 or more. */
  limit: number
  /** The last row of the page before. For the page *before* a row, turn the order around. */
  after?: Record<Key, string> | undefined
  order: 'ascending' | 'descending'
}

export interface Page<Row> {
  rows: Row[]
  /** Whether there are more behind the last. */
  more: boolean
}

/** The page of `limit` rows, out of `limit + 1` that were asked for. */
export function pageOf<Row>(found: Row[], limit: number): Page<Row> {
  return { rows: found.slice(0, limit), more: found.length > limit }
}

/** How the rows behind `after` are compared and sorted. */
export function direction(order: ListOptions['order']): {
  behind: '<' | '>'
  sort: 'asc' | 'desc'
} {
  return order === 'ascending' ? { behind: '>', sort: 'asc' } : { behind: '<', sort: 'desc' }
}

/** Members that are undefined are left out: not compared, not set. */
type Given<Members> = { [Member in keyof Members]?: Members[Member] | undefined }

interface Columns<Row, Setting extends keyof Row, Unread> {
  name: string
  /** Unique (within the tenant), and what lists are sorted by. */
  key: keyof Row & ('id' | 'name')
  /** Set when the row is inserted, and by the database. `update` leaves them alone. */
  fixed: Record<Exclude<keyof Row, Setting>, string>
  settings: Record<Setting, string>
  /** Inserted and compared, but no part of the rows that are read. */
  unread?: Record<keyof Unread, string>
}

/** The fixed members of what an app has. */
export const ofApp = {
  id: 'id',
  tenantId: 'tenant_id',
  appId: 'app_id',
  createdAtMs: 'created_at',
  updatedAtMs: 'updated_at',
}

export function defineTable<Row, Setting extends keyof Row = never, Unread = object>({
  name,
  key,
  fixed,
  settings,
  unread,
}: Columns<Row, Setting, Unread>) {
  const read: Record<string, string> = { ...fixed, ...settings }
  const columns: Record<string, string> = { ...read, ...unread }

  /** The given members as columns and the placeholders of their values, which are added to `values`. */
  function bind(
    given: Record<string, unknown>,
    members: Record<string, string>,
    values: unknown[],
  ): { column: string; placeholder: string }[] {
    return Object.entries(members).flatMap(([member, column]) => {
      if (given[member] === undefined) return []
      const number = values.push(given[member])
      const placeholder = isInstant(member)
        ? `to_timestamp($${number}::float8 / 1000)`
        : `$${number}`
      return [{ column, placeholder }]
    })
  }

  function condition(where: Given<Row & Unread>, values: unknown[]): string {
    const given: Record<string, unknown> = where
    const nulls = Object.keys(columns).filter((member) => given[member] === null)
    const others = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null))
    const terms = [
      ...bind(others, columns, values).map(
        ({ column, placeholder }) => `${column} = ${placeholder}`,
      ),
      ...nulls.map((member) => `${columns[member]} is null`),
    ]
    return terms.length === 0 ? 'true' : terms.join(' and ')
  }

  /**
   * The columns of a row, each under its member's name. Named, because `*` would carry whatever a later migration adds.
   */
  function selected(alias?: string): string {
    const prefix = alias === undefined ? '' : `${alias}.`
    return Object.entries(read)
      .map(([member, column]) =>
        isInstant(member)
          ? `floor(extract(epoch from ${prefix}${column}) * 1000)::float8 as "${member}"`
          : `${prefix}${column} as "${member}"`,
      )
      .join(', ')
  }

  async function rows(db: Queryable, text: string, values: unknown[]): Promise<Row[]> {
    const result = await db.query(text, values)
    return result.rows as Row[]
  }

  return {
    selected,

    /** The one row that matches. `lock`: how it is held until the transaction ends. */
    async find(
      db: Queryable,
      where: Given<Row & Unread>,
      lock: 'for update' | 'for key share' | '' = '',
    ): Promise<Row | undefined> {
      const values: unknown[] = []
      const matches = condition(where, values)
      const text = /* sql */ `select ${selected()} from ${name} where ${matches} ${lock}`
      return (await rows(db, text, values))[0]
    },

    /** `further`: a condition that is no equality; it gets what turns a value into its placeholder. */
    async list(
      db: Queryable,
      where: Given<Row & Unread>,
      { limit, after, order }: ListOptions<'id'> | ListOptions<'name'>,
      further?: (bound: (value: unknown) => string) => string,
    ): Promise<Page<Row>> {
      const values: unknown[] = [limit + 1]
      const { behind, sort } = direction(order)
      const matches = condition(where, values)
      const start = after
        ? `and ${columns[key]} ${behind} $${values.push(Object.values(after)[0])}`
        : ''
      const more = further ? `and ${further((value) => `$${values.push(value)}`)}` : ''
      const text = /* sql */ `
        select ${selected()} from ${name}
         where ${matches} ${start} ${more}
         order by ${columns[key]} ${sort}
         limit $1`
      return pageOf(await rows(db, text, values), limit)
    },

    /** Members that are left out take the column's default. @param onConflict without it a taken key throws */
    async insert(
      db: Queryable,
      given: Given<Row & Unread>,
      onConflict: `on conflict ${string}` | '' = '',
    ): Promise<Row | undefined> {
      const values: unknown[] = []
      const bound = bind(given, columns, values)
      const text = /* sql */ `
        insert into ${name} (${bound.map(({ column }) => column).join(', ')})
        values (${bound.map(({ placeholder }) => placeholder).join(', ')})
        ${onConflict}
        returning ${selected()}`
      return (await rows(db, text, values))[0]
    },

    /** Sets the given settings, and when it was. The row as it is now; undefined where none matches. */
    async update(
      db: Queryable,
      where: Given<Row & Unread>,
      set: Given<Pick<Row, Setting>>,
    ): Promise<Row | undefined> {
      const values: unknown[] = []
      const changes = bind(set, settings, values).map(
        ({ column, placeholder }) => `${column} = ${placeholder}`,
      )
      // A key is set to itself because SQL takes no empty list.
      changes.push(
        'updatedAtMs' in read ? 'updated_at = now()' : `${columns[key]} = ${columns[key]}`,
      )
      const text = /* sql */ `
        update ${name} set ${changes.join(', ')}
         where ${condition(where, values)}
        returning ${selected()}`
      return (await rows(db, text, values))[0]
    },

    /** @returns how many there were */
    async delete(db: Queryable, where: Given<Row & Unread>): Promise<number> {
      const values: unknown[] = []
      const text = /* sql */ `delete from ${name} where ${condition(where, values)}`
      return (await db.query(text, values)).rowCount ?? 0
    },
  }
}

function isInstant(member: string): boolean {
  return member.endsWith('AtMs')
}

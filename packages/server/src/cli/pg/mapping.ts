import { createHash } from 'node:crypto'

export const operations = ['insert', 'update', 'delete'] as const
export type Operation = (typeof operations)[number]

export interface TableName {
  schema: string
  name: string
}

/** Which change of which table is which event. One trigger each. */
export interface Mapping {
  table: TableName
  operation: Operation
  event: string
  /** The only columns that leave the database. */
  columns: readonly string[]
  /** Events of one `prefix:values` are delivered in order where an endpoint asks for it; null: no order. */
  key: { prefix: string; columns: readonly string[] } | null
  /** An SQL condition over `old` and `new`. */
  when: string | null
  /**
   * `raise`: a change whose event cannot be written down fails. `warn`: it succeeds, the event is lost, and the
   * server's log says so.
   */
  onError: 'raise' | 'warn'
}

/** What an event type may be called. */
export const eventPattern = /^[a-zA-Z0-9\-_.]{1,256}$/

const maxNameBytes = 63

/** The mapping's trigger. The same mapping has the same name, so that installing it again replaces it. */
export function triggerName({ event, operation }: Pick<Mapping, 'event' | 'operation'>): string {
  const name = `pombo_${event}_${operation}`
  if (name.length <= maxNameBytes) return name
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8)
  return `${name.slice(0, maxNameBytes - hash.length - 1)}_${hash}`
}

/** As it is shown to people: `public.users`. */
export function shown({ schema, name }: TableName): string {
  return [schema, name]
    .map((part) => (/^[\w$]+$/.test(part) ? part : `"${part.replaceAll('"', '""')}"`))
    .join('.')
}

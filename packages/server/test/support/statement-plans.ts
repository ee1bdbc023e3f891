import pg from 'pg'

/** A statement as Pombo sent it, with the values of one of its calls. */
export interface Statement {
  name: string | undefined
  text: string
  values: unknown[]
  /** Run before it, in the same transaction. */
  setUp?: string
}

/** Remembers one call of every statement that is sent while it records, whichever pool sends it. */
export function recordStatements(): { statements: Map<string, Statement>; stop(): void } {
  const statements = new Map<string, Statement>()
  const prototype = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown }
  const original = prototype.query
  prototype.query = function (this: unknown, ...args: unknown[]): unknown {
    const [first, second] = args
    const config =
      typeof first === 'string'
        ? { text: first, values: Array.isArray(second) ? second : [] }
        : (first as { text?: string; values?: unknown[]; name?: string })
    if (typeof config.text === 'string')
      statements.set(config.text, {
        name: (config as { name?: string }).name,
        text: config.text,
        values: (Array.isArray(second) ? second : config.values) ?? [],
      })
    return original.apply(this, args)
  }
  return {
    statements,
    stop() {
      prototype.query = original
    },
  }
}

interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Shared Hit Blocks'?: number
  'Shared Read Blocks'?: number
  Plans?: PlanNode[]
}

export interface Plan {
  /** Tables (partitions) read from end to end. */
  scanned: string[]
  /** Pages touched by one execution. */
  buffers: number
  text: string
}

/** The driver's own way from values to text; its types leave it out. */
const driver = (pg as unknown as { utils: { prepareValue(value: unknown): unknown } }).utils

function literal(value: unknown): string {
  const text = driver.prepareValue(value)
  if (text === null || text === undefined) return 'null'
  if (Buffer.isBuffer(text)) return binaryLiteral(text)
  return pg.escapeLiteral(String(text as string | number | boolean))
}

/** What is in an array's binary form (src/db/binary-array.ts), as text; other bytes are `bytea`. */
function binaryLiteral(bytes: Buffer): string {
  const oid = bytes.length >= 12 && bytes.readInt32BE(0) <= 1 ? bytes.readInt32BE(8) : 0
  const read = readers[oid]
  if (read === undefined) return `'\\x${bytes.toString('hex')}'`
  const elements: unknown[] = []
  for (let at = 20; at < bytes.length; ) {
    const length = bytes.readInt32BE(at)
    elements.push(length < 0 ? null : read(bytes.subarray(at + 4, at + 4 + length)))
    at += 4 + Math.max(0, length)
  }
  return literal(elements)
}

const readers: Record<number, (element: Buffer) => unknown> = {
  16: (element) => element[0] === 1,
  17: (element) => Buffer.from(element),
  21: (element) => element.readInt16BE(),
  23: (element) => element.readInt32BE(),
  25: (element) => element.toString(),
  701: (element) => element.readDoubleBE(),
  2950: (element) => element.toString('hex'),
}

/** The statements of one connection, prepared as the driver prepares them. */
export class Prepared {
  readonly #client: pg.ClientBase
  readonly #begin: string
  readonly #names = new Map<string, string>()

  /** `begin`: how a transaction begins on this connection. */
  constructor(client: pg.ClientBase, begin = 'begin') {
    this.#client = client
    this.#begin = begin
  }

  async forget(): Promise<void> {
    await this.#client.query('deallocate all')
    this.#names.clear()
  }

  async prepare(statement: Statement): Promise<void> {
    if (this.#names.has(statement.text)) return
    const name = `held_${this.#names.size}`
    await this.#client.query(`prepare ${name} as ${statement.text}`)
    this.#names.set(statement.text, name)
  }

  /** Runs it once inside a transaction that is rolled back, and tells the plan that was used. */
  async explain({ text, values, setUp }: Statement): Promise<Plan> {
    const name = this.#names.get(text)!
    // Messages are refused that were made long before they are stored, as these were.
    const now = text.includes('stored_in_time($2)') ? values.with(1, Date.now()) : values
    const list = now.length > 0 ? `(${now.map(literal).join(', ')})` : ''
    await this.#client.query(this.#begin)
    try {
      if (setUp) await this.#client.query(setUp)
      const { rows } = await this.#client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
        `explain (analyze, timing off, buffers, format json) execute ${name}${list}`,
      )
      const root = rows[0]!['QUERY PLAN'][0].Plan
      return {
        scanned: [...scans(root)],
        buffers: (root['Shared Hit Blocks'] ?? 0) + (root['Shared Read Blocks'] ?? 0),
        text: JSON.stringify(root, null, 1),
      }
    } finally {
      await this.#client.query('rollback')
    }
  }
}

function* scans(node: PlanNode): Generator<string> {
  if (node['Node Type'] === 'Seq Scan') yield node['Relation Name']!
  for (const child of node.Plans ?? []) yield* scans(child)
}

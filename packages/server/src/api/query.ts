import { z } from 'zod'

/**
 * The parameters of a query by their plain names: `a[]=1&a[]=2` and `a[0]=1` are lists, as PHP's and Ruby's clients
 * write them. Only for parameters that are lists: of all others such a name stays as it is, and is refused as
 * unknown.
 */
export function queryOf(schema: z.ZodObject | undefined, given: unknown): unknown {
  const query = given as Record<string, string | string[]>
  const names = Object.keys(query)
  if (names.includes('0') && schema?.shape['order'] !== undefined) return withSpreadOrder(query)
  if (schema === undefined || !names.some((name) => name.endsWith(']'))) return query
  const plain: Record<string, string | string[]> = {}
  for (const name of names) {
    const list = /^([^[\]]+)\[\d*\]$/.exec(name)?.[1]
    const own = list !== undefined && isList(schema.shape[list]) ? list : name
    const before = plain[own]
    plain[own] = before === undefined ? query[name]! : [before, query[name]!].flat()
  }
  return plain
}

/**
 * Svix's JavaScript client 1.42 writes `order=descending` as `0=d&1=e&2=s…`: the text's characters, each under its
 * index.
 */
function withSpreadOrder(query: Record<string, string | string[]>): unknown {
  const letters = Object.entries(query).filter(([name]) => /^\d$/.test(name))
  const order = letters.map(([, letter]) => letter).join('')
  if (order !== 'ascending' && order !== 'descending') return query
  const rest = Object.entries(query).filter(([name]) => !/^\d$/.test(name))
  return { ...Object.fromEntries(rest), order }
}

/** As `list` of field.ts makes them, alone or wrapped. */
function isList(schema: z.core.$ZodType | undefined): boolean {
  if (schema instanceof z.ZodPipe) return isList(schema.def.out as z.core.$ZodType)
  if (schema instanceof z.ZodOptional) return isList(schema.def.innerType as z.core.$ZodType)
  return schema instanceof z.ZodArray
}

/**
 * Filters run where messages are accepted, so that none may take long. Their cost is linear in the payload unless a
 * comprehension does, for each element, work that grows with the payload too: looks an element up in a list of it,
 * searches its text, joins its lists. With 50,000 numbers in a payload that takes a minute, in which the node does
 * nothing else.
 */
interface Node {
  op: string
  args: unknown
}

export const comprehensions = new Set([
  'all',
  'exists',
  'exists_one',
  'filter',
  'map',
  'transform',
  'sortBy',
])

/** Of what they are called on they look at the beginning or the end, or hand it on. */
const cheapMethods = new Set(['startsWith', 'endsWith', 'orValue', 'hasValue', 'value'])

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value
}

function partsOf({ args }: Node): unknown[] {
  return Array.isArray(args) ? args : isNode(args) ? [args] : []
}

/**
 * The operation inside a comprehension that would make its cost grow with the square of the payload; undefined: there
 * is none.
 */
export function quadraticPart(ast: unknown): string | undefined {
  return find(ast, undefined)
}

/** `own`: the variable of the comprehension around it; undefined: there is none. */
function find(node: unknown, own: string | undefined): string | undefined {
  if (Array.isArray(node)) return firstOf(node.map((part) => find(part, own)))
  if (!isNode(node)) return undefined
  const found = own === undefined ? undefined : costly(node, own)
  if (found !== undefined) return found
  const parts = partsOf(node)
  if (node.op === 'rcall' && comprehensions.has(String(parts[0]))) {
    const [variable, ...bodies] = Array.isArray(parts[2]) ? (parts[2] as unknown[]) : []
    const name = isNode(variable) ? String(variable.args) : ''
    return firstOf([find(parts[1], own), find(bodies, name)])
  }
  return find(parts, own)
}

function firstOf(found: (string | undefined)[]): string | undefined {
  return found.find((one) => one !== undefined)
}

function costly(node: Node, own: string): string | undefined {
  const parts = partsOf(node)
  const large = (part: unknown) => mayBeLarge(part, own)
  switch (node.op) {
    case 'in':
      return large(parts[1]) ? 'in' : undefined
    case '+':
      return parts.some(large) ? '+' : undefined
    // Comparing takes as long as the smaller of the two; an element's own parts are all of them together no more than
    // the payload.
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return parts.every(large) ? node.op : undefined
    case 'rcall':
      return !cheapMethods.has(String(parts[0])) && large(parts[1])
        ? `${String(parts[0])}()`
        : undefined
    case 'call':
      return parts[0] !== 'has' && Array.isArray(parts[1]) && parts[1].some(large)
        ? `${String(parts[0])}()`
        : undefined
    default:
      return undefined
  }
}

/** Whether the value may be as large as the payload: it comes from it otherwise than by the element at hand. */
function mayBeLarge(node: unknown, own: string): boolean {
  if (Array.isArray(node)) return node.some((part) => mayBeLarge(part, own))
  if (!isNode(node)) return false
  const parts = partsOf(node)
  switch (node.op) {
    case 'id':
      return node.args === 'payload' && own !== 'payload'
    case '.':
    case '.?':
    case '[]':
    case '[?]':
      return mayBeLarge(parts[0], own)
    case '?:':
      return mayBeLarge(parts.slice(1), own)
    case '+':
    case 'list':
    case 'map':
    case 'rcall':
    case 'call':
      return mayBeLarge(parts, own)
    default:
      return false
  }
}

import { type FieldProblem, invalidFields } from '../../core/error.ts'
import { nearest } from '../../core/nearest.ts'
import { MOST_TOLD } from '../../core/read.ts'
import { dialects } from '../../dialects/dialects.ts'
import { builtInEventNames } from '../../dialects/event-types.ts'
import type { EventTypes } from '../../registry/event-types/store.ts'
import type { Holder } from '../access.ts'

const builtIn = new Set<string>()

interface Asked {
  /** Where the names stand in the request. */
  at?: readonly string[]
  /** What is asked for already, by the tenant's word or from before: who repeats it learns nothing, and may. */
  kept?: (() => Promise<readonly string[] | null>) | undefined
}

/**
 * A subscription to a type that does not exist would get nothing, for ever and without a word. Where a tenant has
 * made event types, endpoints can ask for those, for what Pombo's sources and dialects know, and for wildcards; a
 * tenant without any takes all names, as one that lives from gateways does. To a token a type whose flag it does not
 * have is none. Throws a 422 that names the nearest.
 */
export async function refuseUnknownTypes(
  eventTypes: Pick<EventTypes, 'unknownOf' | 'names'>,
  { tenantId, featureFlags }: Pick<Holder, 'tenantId' | 'featureFlags'>,
  wanted: readonly string[] | null | undefined,
  { at = ['body', 'eventTypes'], kept }: Asked = {},
): Promise<void> {
  if (wanted == null || wanted.length === 0) return
  if (builtIn.size === 0) for (const name of builtInEventNames(dialects.values())) builtIn.add(name)
  const doubtful = wanted.filter((name) => !isOpen(name) && !builtIn.has(name))
  if (doubtful.length === 0) return
  const missing = await eventTypes.unknownOf(tenantId, doubtful, featureFlags)
  const asksAlready = missing.length > 0 ? await kept?.() : null
  const unknown = missing.filter((name) => asksAlready?.includes(name) !== true)
  if (unknown.length === 0) return
  // A hint tells of no type that the caller is not shown.
  const made = await eventTypes.names(tenantId, featureFlags)
  const problems = unknown.slice(0, MOST_TOLD).map((name, index): FieldProblem => {
    // Of thousands of types it takes some 50 ms, in which this node does nothing else.
    const near = index < 3 ? (nearest(name, made) ?? nearest(name, builtIn)) : undefined
    const mend =
      near === undefined ? 'create it, or see GET /api/v1/event-type' : `did you mean "${near}"?`
    return {
      loc: [...at, String(wanted.indexOf(name))],
      msg: `there is no event type "${name}"; ${mend}`,
      type: 'value_error',
      code: 'unknown_event_type',
      values: { name, near: near ?? '' },
    }
  })
  throw invalidFields(problems)
}

/** Whatever comes under them, now or later. */
function isOpen(name: string): boolean {
  return name === '*' || name === 'all' || name.endsWith('.*')
}

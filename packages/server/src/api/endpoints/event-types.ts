import { type FieldProblem, PomboError } from '../../core/error.ts'
import { nearest } from '../../core/nearest.ts'
import { dialects } from '../../dialects/dialects.ts'
import { builtInEventNames } from '../../dialects/event-types.ts'
import type { EventTypes } from '../../registry/event-types/store.ts'

const builtIn = new Set<string>()

/**
 * A subscription to a type that does not exist would get nothing, for ever and without a word. Where a tenant has
 * made event types, endpoints can ask for those, for what Pombo's sources and dialects know, and for wildcards; a
 * tenant without any takes all names, as one that lives from gateways does. Throws a 422 that names the nearest.
 */
export async function refuseUnknownTypes(
  eventTypes: Pick<EventTypes, 'binding'>,
  tenantId: string,
  wanted: readonly string[] | null | undefined,
  at: readonly string[] = ['body', 'eventTypes'],
): Promise<void> {
  if (wanted == null || wanted.length === 0) return
  if (builtIn.size === 0) for (const name of builtInEventNames(dialects.values())) builtIn.add(name)
  const doubtful = wanted.filter((name) => !isOpen(name) && !builtIn.has(name))
  if (doubtful.length === 0) return
  const made = await eventTypes.binding(tenantId)
  if (made.size === 0) return
  const problems = doubtful
    .filter((name) => !made.has(name))
    .map((name): FieldProblem => {
      const near = nearest(name, made) ?? nearest(name, builtIn)
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
  const detail = problems.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; ')
  if (problems.length > 0) throw new PomboError('validation', { detail }, { problems })
}

/** Whatever comes under them, now or later. */
function isOpen(name: string): boolean {
  return name === '*' || name === 'all' || name.endsWith('.*')
}

import type { ErrorObject } from 'ajv'
import { latestUsed } from '../../core/latest-used.ts'
import { type FieldProblem, PomboError } from '../../core/error.ts'
import { type MaybeLater, whenThere } from '../../core/when-there.ts'
import { coded } from '../../core/field-problem.ts'
import type { EventType, EventTypes } from '../../registry/event-types/store.ts'
import { readSchema } from './json-schema.ts'
import { withinDeadline } from './within-deadline.ts'
import { say } from '../../core/sentences/sentences.ts'

/** Throws a 422 where the payload's type says so, and it does not fit the newest schema. */
export type CheckPayload = (
  tenantId: string,
  message: { eventType: string; payload: unknown },
) => MaybeLater<void>

interface Checked {
  refuse: boolean
  problemsOf: (payload: unknown) => readonly Misfit[] | 'late'
}

type Misfit = Pick<ErrorObject, 'instancePath' | 'message'>

/** How long a change may take to be seen: what is accepted every second must not ask the database every time. */
const ttlMs = 1_000
const maxTenants = 1_000

/**
 * Payloads that are sent in through the API, against the schemas of their event types. Those of gateways have types
 * of their own.
 */
export function createPayloadCheck(deps: {
  eventTypes: Pick<EventTypes, 'checked'>
  log: { warn(fields: object, message: string): void }
}): CheckPayload {
  const cache = latestUsed<string, MaybeLater<Map<string, Checked>>>(maxTenants, ttlMs)

  const checkedOf = (tenantId: string): MaybeLater<Map<string, Checked>> => {
    const known = cache.get(tenantId)
    if (known !== undefined) return known
    const loading = deps.eventTypes.checked(tenantId).then(load)
    cache.set(tenantId, loading)
    loading.then(
      (checked) => cache.set(tenantId, checked),
      () => cache.delete(tenantId),
    )
    return loading
  }

  const check = (
    tenantId: string,
    { eventType, payload }: { eventType: string; payload: unknown },
    checked: Checked | undefined,
  ): void => {
    const misfits = checked?.problemsOf(payload) ?? []
    if (checked === undefined || misfits.length === 0) return
    const problems =
      misfits === 'late'
        ? [problem([], say('payload_check_late', { type: eventType }))]
        : misfits.slice(0, 10).map(({ instancePath, message }) => {
            const said = { type: eventType, problem: message ?? 'it is not valid' }
            return problem(instancePath.split('/').slice(1), say('payload_unfit', said))
          })
    const detail = problems.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; ')
    if (checked.refuse) throw new PomboError('validation', { detail }, { problems })
    // Places and rules alone: a payload's values are not for the log.
    deps.log.warn({ tenantId, eventType, problems: detail }, 'a payload does not fit its schema')
  }

  return (tenantId, message) =>
    whenThere(checkedOf(tenantId), (types) =>
      check(tenantId, message, types.get(message.eventType)),
    )
}

function problem(place: string[], said: string): FieldProblem {
  return { loc: ['body', 'payload', ...place], ...coded(said), type: 'value_error' }
}

async function load(types: EventType[]): Promise<Map<string, Checked>> {
  const found = new Map<string, Checked>()
  for (const { name, schemas, payloadCheck } of types) {
    const versions = Object.keys(schemas ?? {}).toSorted((a, b) => Number(a) - Number(b))
    const newest = schemas?.[versions.at(-1) ?? '']
    if (typeof newest !== 'object' || newest === null) continue
    const read = await readSchema(newest)
    if (!read.ok) continue
    try {
      const validate = read.compile()
      const problemsOf = (payload: unknown) => (validate(payload) ? [] : (validate.errors ?? []))
      found.set(name, {
        refuse: payloadCheck === 'refuse',
        problemsOf: withinDeadline(newest, problemsOf),
      })
    } catch {
      // It refers to another document, which is not fetched: nothing can be said of its payloads.
    }
  }
  return found
}

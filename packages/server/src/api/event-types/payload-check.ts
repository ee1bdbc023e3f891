import type { ErrorObject } from 'ajv'
import type { Clock } from '../../core/clock.ts'
import { latestUsed } from '../../core/latest-used.ts'
import { type FieldProblem, invalidFields, PomboError, problemsText } from '../../core/error.ts'
import { type MaybeLater, whenThere } from '../../core/when-there.ts'
import { coded } from '../../core/field-problem.ts'
import type { EventType, EventTypes } from '../../registry/event-types/store.ts'
import { readSchema } from './json-schema.ts'
import { CheckTime, withinDeadline } from './within-deadline.ts'
import { say } from '../../core/sentences/sentences.ts'

/**
 * Throws a 422 where the payload's type says so, and it does not fit the newest schema; a 429 where this sender's
 * payloads have taken too long to be checked.
 */
export type CheckPayload = (
  sender: { tenantId: string; appId?: string },
  message: { eventType: string; payload: unknown },
) => MaybeLater<void>

interface Checked {
  refuse: boolean
  problemsOf: (payload: unknown, time: CheckTime) => readonly Misfit[] | 'late' | 'no-time'
}

type Misfit = Pick<ErrorObject, 'instancePath' | 'message'>

/** How long a change may take to be seen: what is accepted every second must not ask the database every time. */
const ttlMs = 1_000
const maxTenants = 1_000
const maxSenders = 10_000

/**
 * Payloads that are sent in through the API, against the schemas of their event types. Those of gateways have types
 * of their own.
 */
export function createPayloadCheck(deps: {
  eventTypes: Pick<EventTypes, 'checked'>
  clock: Pick<Clock, 'monotonic'>
  log: { warn(fields: object, message: string): void }
}): CheckPayload {
  const cache = latestUsed<string, MaybeLater<Map<string, Checked>>>(maxTenants, ttlMs)

  const times = latestUsed<string, CheckTime>(maxSenders)

  const timeOf = ({ tenantId, appId = '' }: { tenantId: string; appId?: string }): CheckTime => {
    const key = `${tenantId} ${appId}`
    const known = times.get(key) ?? new CheckTime(() => deps.clock.monotonic())
    times.set(key, known)
    return known
  }

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
    sender: { tenantId: string; appId?: string },
    { eventType, payload }: { eventType: string; payload: unknown },
    checked: Checked | undefined,
  ): void => {
    if (checked === undefined) return
    const misfits = checked.problemsOf(payload, timeOf(sender))
    if (misfits.length === 0) return
    if (misfits === 'no-time' && checked.refuse)
      throw new PomboError('no_time_to_check', { type: eventType }, { retryAfterSeconds: 1 })
    const problems =
      misfits === 'late' || misfits === 'no-time'
        ? [problem([], say('payload_check_late', { type: eventType }))]
        : misfits.slice(0, 10).map(({ instancePath, message }) => {
            const said = { type: eventType, problem: message ?? 'it is not valid' }
            return problem(instancePath.split('/').slice(1), say('payload_unfit', said))
          })
    if (checked.refuse) throw invalidFields(problems)
    // Places and rules alone: a payload's values are not for the log.
    const { tenantId } = sender
    deps.log.warn(
      { tenantId, eventType, problems: problemsText(problems) },
      'a payload does not fit its schema',
    )
  }

  return (sender, message) =>
    whenThere(checkedOf(sender.tenantId), (types) =>
      check(sender, message, types.get(message.eventType)),
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

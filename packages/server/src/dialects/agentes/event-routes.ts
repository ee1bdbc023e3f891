/** Events in: one path for each of the sixteen types, one for all, and how an event stands. */
import { z } from 'zod'
import { PomboError } from '../../core/error.ts'
import { memberText } from '../../core/json.ts'
import { type Accepted, priorities, type Priority } from '../../core/message.ts'
import type { Caller } from '../contract/caller.ts'
import { bodyOf, param, readBody } from '../contract/request.ts'
import type { Routes } from '../contract/routes.ts'
import { type About, tagsOf } from './about.ts'
import { catalogue } from './events.ts'
import { givenId, idOf } from './organizations.ts'
import { checkEventType, type RegisteredDeps } from './registered.ts'
import { acceptedAnswer, showEvent } from './status.ts'
import type { UserRate } from './user-rate.ts'

const events = '/api/webhooks/events'

/** `user.registered` → `user-registered`. */
export function slugOf(eventType: string): string {
  return eventType.replaceAll('.', '-')
}

interface Incoming {
  eventType: string
  /** JSON text. */
  data: string
  organization: string | undefined
  priority: Priority | undefined
  about: About
}

const dataIn = z.looseObject({})

const triggerIn = z.object({
  event_type: z.string(),
  data: z.record(z.string(), z.unknown()).default({}),
  event_source: z.enum(['api', 'manual', 'supabase']).default('api'),
  table_name: z.string().max(256).nullish(),
  record_id: givenId,
  user_id: givenId,
  organization_id: givenId,
  priority: z.enum(priorities).optional(),
})

export function eventRoutes(on: Routes, deps: RegisteredDeps, rate: UserRate): void {
  const { ports, organizations, values } = deps

  async function accept(caller: Caller, incoming: Incoming): Promise<Accepted> {
    const { eventType, data, organization, about, priority = priorityOf(eventType) } = incoming
    rate.check(caller.tenantId, about.userId)
    const one = await organizations.ensure(caller, organization)
    return await ports.accept({
      tenantId: one.tenantId,
      appId: one.id,
      eventType,
      payload: data,
      tags: tagsOf(about),
      priority,
    })
  }

  for (const { name } of catalogue)
    on.post(`${events}/${slugOf(name)}`, async (caller, request) => {
      readBody(dataIn, request)
      const { value, text } = bodyOf(request)
      const accepted = await accept(caller, {
        eventType: name,
        data: text,
        organization: idOf(value, 'organization_id'),
        priority: undefined,
        about: { source: 'api', userId: idOf(value, 'user_id') },
      })
      return { success: true, event_type: name, ...acceptedAnswer(accepted, values, ports) }
    })

  on.post('/api/webhooks/trigger', async (caller, request) => {
    const given = readBody(triggerIn, request)
    checkEventType(given.event_type, ['body', 'event_type'])
    const { value, text } = bodyOf(request)
    const accepted = await accept(caller, {
      eventType: given.event_type,
      data: memberText(text, 'data') ?? '{}',
      organization: idOf(value, 'organization_id') ?? idOf(given.data, 'organization_id'),
      priority: given.priority,
      about: {
        source: given.event_source,
        userId: idOf(value, 'user_id') ?? idOf(given.data, 'user_id'),
        table: given.table_name ?? undefined,
        recordId: idOf(value, 'record_id'),
      },
    })
    const answer = acceptedAnswer(accepted, values, ports)
    return { success: true, event_type: given.event_type, ...answer }
  })

  on.get(`${events}/:id/status`, async (caller, request) => {
    const eventId = param(request, 'id')
    const one = await ports.messages.appOf(caller, eventId)
    const entry = one && (await ports.messages.find(caller, one, eventId))
    if (!entry) throw new PomboError('not_found', { what: 'event', id: eventId })
    return await showEvent(ports, caller, entry)
  })
}

/** The document has a queue for what is urgent and does not say what is: money is. */
function priorityOf(eventType: string): Priority {
  return eventType.startsWith('payment.') ? 'high' : 'normal'
}

/** An event in Pombo's own words, as the body of POST …/msg has them. Pure. */
import { z } from 'zod'
import { known } from '../../core/known.ts'
import { priorities, type Priority } from '../../core/message.ts'
import { say } from '../../core/sentences/sentences.ts'

const name = (characters: number) =>
  z.string().regex(new RegExp(`^[a-zA-Z0-9\\-_.]{1,${characters}}$`), {
    error: say('plain_name', { max: characters }),
  })

const eventIn = z.object({
  eventType: name(256),
  payload: z.unknown().optional(),
  eventId: z.string().min(1).max(256).nullish(),
  orderingKey: z.string().min(1).max(256).nullish(),
  priority: z.enum(priorities).nullish(),
  channels: z.array(name(128)).min(1).max(5).nullish(),
  tags: z.array(name(128)).max(10).nullish(),
})

export interface PlainEvent {
  eventType: string
  /** JSON text, to the byte. */
  payload: string
  eventId: string | null
  orderingKey?: string
  priority?: Priority
  channels?: string[]
  tags?: string[]
}

export function readPlainEvent(
  value: unknown,
  payload: string | undefined,
): { ok: true; event: PlainEvent } | { ok: false; problem: string } {
  const [unknown] = known(eventIn, value, []).problems
  if (unknown) {
    const { loc, msg } = unknown.tell()
    return { ok: false, problem: `${loc.join('.')}: ${msg}` }
  }
  const read = eventIn.safeParse(value)
  if (!read.success) {
    const [issue] = read.error.issues
    return { ok: false, problem: `${issue!.path.join('.') || 'it'}: ${issue!.message}` }
  }
  if (payload === undefined) return { ok: false, problem: 'payload: is missing' }
  const { eventType, eventId = null, orderingKey, priority, channels, tags } = read.data
  return {
    ok: true,
    event: {
      eventType,
      payload,
      eventId,
      ...(orderingKey != null && { orderingKey }),
      ...(priority != null && { priority }),
      ...(channels != null && { channels }),
      ...(tags != null && { tags }),
    },
  }
}

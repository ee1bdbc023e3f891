import type { EventType, EventTypes } from '../../registry/event-types/store.ts'

/** Archived ones too, by name. */
export async function allTypes(eventTypes: EventTypes, tenantId: string): Promise<EventType[]> {
  const found: EventType[] = []
  for (;;) {
    const last = found.at(-1)
    const { rows, more } = await eventTypes.list(tenantId, {
      limit: 500,
      order: 'ascending',
      after: last && { name: last.name },
      includeArchived: true,
    })
    found.push(...rows)
    if (!more) return found
  }
}

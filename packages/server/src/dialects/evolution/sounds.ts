/** How many sounds an instance had: a figure of `queue.stats`. */
import type { Caller, DialectApp } from '../contract/caller.ts'
import type { DialectPorts } from '../contract/ports.ts'

/** What is being stored may have an id from before: it is counted the next time. */
const settledMs = 5_000

/**
 * Counted on from where it was counted last, which is noted, so that a report reads only what came since. Nodes
 * that count at the same time begin at the same place, and what either notes is right.
 */
export async function countSounds(
  ports: DialectPorts,
  caller: Caller,
  app: DialectApp,
): Promise<number> {
  const key = `sounds/${app.id}`
  const note = await ports.notes.get(caller, 'evolution', key)
  const before = Number(note?.value['count'] ?? 0)
  const sinceMs = Number(note?.value['untilMs'] ?? app.createdAtMs)
  const untilMs = ports.clock.now() - settledMs
  if (untilMs <= sinceMs) return before
  const more = await ports.messages.count(caller, {
    appId: app.id,
    eventTypes: ['message.received', 'message.sent'],
    contentType: 'audio',
    sinceMs,
    untilMs,
  })
  await ports.notes.put(caller, 'evolution', key, { count: before + more, untilMs })
  return before + more
}

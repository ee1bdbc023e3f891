/**
 * A message's status only ever rises (2 on the server, 3 delivered, 4 read, 5 played), but Baileys skips steps: its
 * event buffer merges "delivered" and "read" into "read". The steps between are inferred, so that whoever waits for
 * "delivered" gets it, before "read". A step that comes late, or is inferred again after a restart, is known to Pombo
 * as a repeat.
 */

type Fields = Record<string, unknown>

const onServer = 2
const delivered = 3

export interface StatusSteps {
  /** Remembers the status that the own messages of a `messages.upsert` have; Pombo reads the steps up to it there. */
  sawUpsert(data: unknown): void
  /** The items of a `messages.update`, each after the steps that it skipped, marked `inferred`. */
  completeUpdates(items: unknown): unknown
  /** The items of a `message-receipt.update`: "read" by a member after "delivered" to them. */
  completeReceipts(items: unknown): unknown
  /** How many steps were inferred. */
  readonly inferred: number
}

/** @param maxRemembered messages, or members of messages; the oldest are forgotten */
export function createStatusSteps(maxRemembered = 20_000): StatusSteps {
  const known = new Map<string, number>()
  let inferred = 0

  function remember(names: string[], status: number): void {
    for (const name of names) {
      const status_ = Math.max(status, known.get(name) ?? 0)
      known.delete(name)
      known.set(name, status_)
    }
    for (const name of known.keys()) {
      if (known.size <= maxRemembered) break
      known.delete(name)
    }
  }

  function statusOf(names: string[]): number {
    return Math.max(onServer, ...names.map((name) => known.get(name) ?? 0))
  }

  function completeUpdate(item: Fields): unknown[] {
    const update = fieldsOf(item['update'])
    const status = update['status']
    const names = ownNames(item['key'])
    if (names.length === 0 || typeof status !== 'number' || status < delivered) return [item]
    const { key } = item
    const { messageTimestamp } = update
    const steps: unknown[] = []
    for (let step = statusOf(names) + 1; step < status; step++)
      steps.push({ key, update: { status: step, messageTimestamp }, inferred: true })
    inferred += steps.length
    remember(names, status)
    return [...steps, item]
  }

  function completeReceipt(item: Fields): unknown[] {
    const receipt = fieldsOf(item['receipt'])
    const { userJid, userJidAlt, receiptTimestamp, readTimestamp } = receipt
    const names = ownNames(item['key']).map((name) => `${name}|${String(userJid)}`)
    if (names.length === 0) return [item]
    const skipped = readTimestamp && !receiptTimestamp && statusOf(names) < delivered
    remember(names, delivered)
    if (!skipped) return [item]
    inferred += 1
    const step = { userJid, userJidAlt, receiptTimestamp: readTimestamp }
    return [{ key: item['key'], receipt: step, inferred: true }, item]
  }

  return {
    sawUpsert(data) {
      const messages = fieldsOf(data)['messages']
      for (const message of Array.isArray(messages) ? (messages as Fields[]) : []) {
        const status = message['status']
        if (typeof status === 'number') remember(ownNames(message['key']), status)
      }
    },
    completeUpdates: (items) =>
      Array.isArray(items) ? items.flatMap((item) => completeUpdate(fieldsOf(item))) : items,
    completeReceipts: (items) =>
      Array.isArray(items) ? items.flatMap((item) => completeReceipt(fieldsOf(item))) : items,
    get inferred() {
      return inferred
    },
  }
}

/** What an own message is called here, under either identity of its chat; none for others' messages. */
function ownNames(value: unknown): string[] {
  const { id, fromMe, remoteJid, remoteJidAlt } = fieldsOf(value)
  if (fromMe !== true || typeof id !== 'string') return []
  return [remoteJid, remoteJidAlt].flatMap((jid) =>
    typeof jid === 'string' ? [`${id}|${jid}`] : [],
  )
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

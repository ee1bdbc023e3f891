import { type NamedEvent, unfold } from './folded.ts'
import { plain } from './plain.ts'
import { split } from './split.ts'
import type { StatusSteps } from './status-steps.ts'

/** One event for Pombo, its data as JSON. */
export interface EventText {
  name: string
  data: string
  /** How long it is of use; null: for ever. */
  usefulMs: number | null
}

/** The first code of a pairing is good for 60 s, the others for 20. */
const qrMs = 60_000

/**
 * What Pombo is told of one event of Baileys, in this order: the event, what was folded into it, and in both the
 * steps of a status that Baileys skipped. @throws TypeError for data that cannot be written as JSON
 */
export function eventTexts(
  name: string,
  data: unknown,
  steps: StatusSteps,
  maxBytes: number,
): EventText[] {
  const given = plain(data) ?? null
  const isUpsert = name === 'messages.upsert'
  if (isUpsert) steps.sawUpsert(given)
  const events: NamedEvent[] = [{ name, data: given }, ...(isUpsert ? unfold(given) : [])]
  const usefulMs = name === 'connection.update' && hasQr(given) ? qrMs : null
  return events.flatMap((event) =>
    split(event.name, completed(event, steps), maxBytes).map((text) => ({
      name: event.name,
      data: text,
      usefulMs,
    })),
  )
}

function completed({ name, data }: NamedEvent, steps: StatusSteps): unknown {
  if (name === 'messages.update') return steps.completeUpdates(data)
  if (name === 'message-receipt.update') return steps.completeReceipts(data)
  return data
}

function hasQr(data: unknown): boolean {
  return typeof (data as { qr?: unknown } | null)?.qr === 'string'
}

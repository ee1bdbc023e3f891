/** Accepts what was read from a broker: in order where order is asked for, and waiting while Pombo cannot take it. */
import { PomboError } from '../../core/error.ts'
import type { Accepted, IncomingMessage } from '../../core/message.ts'
import { pause } from '../../core/pause.ts'
import { errorMessage } from '../../core/thrown.ts'
import { backoffMs, untilPassed } from './patience.ts'

/** The message that an item is, or why it cannot be one. */
export type ReadItem =
  | { ok: true; message: Omit<IncomingMessage, 'tenantId' | 'appId'> }
  | { ok: false; problem: string }

/** What became of an item. `left`: Pombo stops before it could be accepted. */
export type Fate = { kind: 'accepted' } | { kind: 'refused'; problem: string } | { kind: 'left' }

export interface AcceptanceDeps {
  tenantId: string
  /** The app's uuid; the app is made where it is missing. */
  appId: () => Promise<string>
  accept: (message: IncomingMessage) => Promise<Accepted>
  log: (message: string, error?: unknown) => void
}

/** Times that Pombo itself may fail at an item before the item is set aside. */
const maxFailures = 5
const firstPauseMs = 100

/**
 * All at once, but those that have an ordering key in common one after the other: a later one could be stored although
 * an earlier one was turned away. An item after one that does not go on gets no fate.
 */
export async function eachInOrder<Item, F>(
  items: readonly Item[],
  keysOf: (item: Item) => readonly string[],
  take: (item: Item) => Promise<F>,
  goesOn: (fate: F) => boolean,
): Promise<Map<Item, F>> {
  const fates = new Map<Item, F>()
  const lastOf = new Map<string, Promise<boolean>>()
  async function inTurn(item: Item, before: readonly Promise<boolean>[]): Promise<boolean> {
    if (!(await Promise.all(before)).every(Boolean)) return false
    const fate = await take(item)
    fates.set(item, fate)
    return goesOn(fate)
  }
  await Promise.all(
    items.map((item) => {
      const keys = new Set(keysOf(item))
      const before = new Set([...keys].flatMap((key) => lastOf.get(key) ?? []))
      const turn = inTurn(item, [...before])
      for (const key of keys) lastOf.set(key, turn)
      return turn
    }),
  )
  return fates
}

/** @returns one fate for each, in their order */
export async function acceptAll(
  items: readonly ReadItem[],
  broker: string,
  deps: AcceptanceDeps,
  stopping: AbortSignal,
): Promise<Fate[]> {
  const fates = await eachInOrder(
    items,
    (item) => (item.ok ? present(item.message.orderingKey) : []),
    (item) => acceptOne(item, broker, deps, stopping),
    (fate) => fate.kind !== 'left',
  )
  return items.map((item) => fates.get(item) ?? { kind: 'left' })
}

function present(key: string | null | undefined): string[] {
  return key === null || key === undefined ? [] : [key]
}

async function acceptOne(
  item: ReadItem,
  broker: string,
  { tenantId, appId, accept, log }: AcceptanceDeps,
  stopping: AbortSignal,
): Promise<Fate> {
  if (!item.ok) return { kind: 'refused', problem: item.problem }
  const onWait = (error: unknown) =>
    log(`events from ${broker} wait, as Pombo cannot take them now`, error)
  for (let failures = 1; !stopping.aborted; failures++) {
    try {
      // A duplicate is one whose acknowledgement did not reach the broker, or was not answered.
      const accepted = await untilPassed(
        async () => await accept({ ...item.message, tenantId, appId: await appId() }),
        { stopping, firstPauseMs, onWait },
      )
      return { kind: accepted === 'stopped' ? 'left' : 'accepted' }
    } catch (error) {
      // Somebody deleted the app: it is made again by the next attempt.
      const appGone = error instanceof PomboError && error.code === 'not_found'
      if (error instanceof PomboError && !appGone)
        return { kind: 'refused', problem: error.message }
      if (!appGone) log(`an event from ${broker} could not be accepted; trying again`, error)
      if (failures >= maxFailures) return { kind: 'refused', problem: errorMessage(error) }
      await pause(backoffMs(firstPauseMs, failures - 1), stopping)
    }
  }
  return { kind: 'left' }
}

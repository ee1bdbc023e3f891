/** Accepts what was read from Redis, in order where order is asked for, and waits out what passes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { PomboError } from '../../core/error.ts'
import type { Accepted, IncomingMessage } from '../../core/message.ts'
import { isPassing } from '../broker/passing.ts'
import type { ReadElement } from './element.ts'

export interface AcceptanceDeps {
  tenantId: string
  /** The app's uuid, made where it is missing. */
  appId: () => Promise<string>
  accept: (message: IncomingMessage) => Promise<Accepted>
  stopping: AbortSignal
  log: (message: string, error?: unknown) => void
}

/** `left`: Pombo stops before it could be taken. */
export type Fate = { kind: 'accepted' } | { kind: 'refused'; problem: string } | { kind: 'left' }

/** Times that Pombo itself may fail at one before that one is to blame. */
const maxFailures = 5
const longestPauseMs = 5_000

/**
 * All at once, but those of one ordering key one after the other: what comes later could be stored although what came before was turned away.
 * @returns in their order
 */
export async function acceptAll(
  elements: readonly ReadElement[],
  deps: AcceptanceDeps,
): Promise<Fate[]> {
  const fates = new Map<ReadElement, Fate>()
  const chains = Map.groupBy(elements, (element) =>
    element.ok ? (element.message.orderingKey ?? element) : element,
  )
  await Promise.all(
    chains.values().map(async (chain) => {
      for (const element of chain) {
        const fate = await acceptOne(element, deps)
        fates.set(element, fate)
        if (fate.kind === 'left') return
      }
    }),
  )
  return elements.map((element) => fates.get(element) ?? { kind: 'left' })
}

async function acceptOne(element: ReadElement, deps: AcceptanceDeps): Promise<Fate> {
  if (!element.ok) return { kind: 'refused', problem: element.problem }
  const { tenantId, appId, accept, stopping, log } = deps
  let failures = 0
  for (let pauses = 0; !stopping.aborted; pauses++) {
    try {
      // A duplicate is one whose removal from Redis did not happen, or was not heard of.
      await accept({ ...element.message, tenantId, appId: await appId() })
      return { kind: 'accepted' }
    } catch (error) {
      const gone = error instanceof PomboError && error.code === 'not_found'
      if (error instanceof PomboError && !isPassing(error) && !gone)
        return { kind: 'refused', problem: error.message }
      if (!isPassing(error)) {
        failures += 1
        if (!gone) log('an event from Redis could not be accepted; trying again', error)
        if (failures >= maxFailures)
          return {
            kind: 'refused',
            problem: error instanceof Error ? error.message : String(error),
          }
      } else if (pauses === 0) log('events from Redis wait, as Pombo cannot take them now', error)
    }
    await sleep(Math.min(100 * 2 ** pauses, longestPauseMs), undefined, { signal: stopping }).catch(
      () => {},
    )
  }
  return { kind: 'left' }
}

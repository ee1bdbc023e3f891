import { setTimeout as sleep } from 'node:timers/promises'
import type { PomboApi } from '../pombo-api.ts'
import type { DemoEvent } from './events.ts'
import type { Tracker } from './progress.ts'

/** How sending went. `refused` are messages that Pombo did not take even at the last try. */
export interface Sent {
  accepted: number
  refused: number
}

const TRIES = 5

/** Sends `count` events, `rate` a second, each when its moment comes and not when the one before was answered. */
export async function sendStream(
  api: PomboApi,
  appPath: string,
  events: Iterator<DemoEvent, never>,
  options: { count: number; rate: number; trackers: readonly Tracker[]; stop: AbortSignal },
): Promise<Sent> {
  const { count, rate, trackers, stop } = options
  const sent: Sent = { accepted: 0, refused: 0 }
  const underWay: Promise<void>[] = []
  const startedAt = performance.now()
  for (let number = 0; number < count && !stop.aborted; number++) {
    const waitMs = startedAt + (number * 1_000) / rate - performance.now()
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: stop }).catch(() => {})
    if (stop.aborted) break
    underWay.push(sendOne(api, appPath, events.next().value, trackers, sent))
  }
  await Promise.all(underWay)
  return sent
}

async function sendOne(
  api: PomboApi,
  appPath: string,
  event: DemoEvent,
  trackers: readonly Tracker[],
  sent: Sent,
): Promise<void> {
  const { id } = event.payload.message
  for (const tracker of trackers) tracker.sending(id)
  // The event id makes it safe to send the same again when an answer is lost: the second is a conflict (409).
  const body = {
    eventType: event.eventType,
    eventId: id,
    orderingKey: event.orderingKey,
    payload: event.payload,
  }
  for (let tried = 1; ; tried++) {
    const answer = await api.call('POST', `${appPath}/msg`, body)
    if (answer.ok || answer.status === 409) break
    if (tried === TRIES) {
      sent.refused += 1
      for (const tracker of trackers) tracker.refused(id)
      return
    }
    await sleep(200 * tried)
  }
  sent.accepted += 1
  for (const tracker of trackers) tracker.accepted()
}

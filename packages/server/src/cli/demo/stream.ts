import { setTimeout as sleep } from 'node:timers/promises'
import { pause } from '../../core/pause.ts'
import type { PomboApi } from '../pombo-api.ts'
import type { Tracker } from './progress.ts'
import type { DemoEvent } from './script.ts'

/** How sending went. `refused` are messages that Pombo did not take even at the last try. */
export interface Sent {
  accepted: number
  refused: number
}

const TRIES = 5

/** Sends `count` events, `rate` a second, each when its moment comes and not when the one before was answered. */
export async function sendStream(
  api: PomboApi,
  events: Iterator<DemoEvent>,
  options: {
    count: number
    rate: number
    trackers: readonly Tracker[]
    onSending: (event: DemoEvent) => void
    stop: AbortSignal
  },
): Promise<Sent> {
  const { count, rate, trackers, onSending, stop } = options
  const sent: Sent = { accepted: 0, refused: 0 }
  const underWay: Promise<void>[] = []
  const startedAt = performance.now()
  for (let number = 0; number < count && !stop.aborted; number++) {
    const waitMs = startedAt + (number * 1_000) / rate - performance.now()
    if (waitMs > 0) await pause(waitMs, stop)
    if (stop.aborted) break
    const next = events.next()
    if (next.done) break
    const event = next.value
    onSending(event)
    const its = trackers.filter(({ name }) => event.to.includes(name))
    underWay.push(sendOne(api, event, its, sent))
  }
  await Promise.all(underWay)
  return sent
}

async function sendOne(
  api: PomboApi,
  { id, path, body }: DemoEvent,
  trackers: readonly Tracker[],
  sent: Sent,
): Promise<void> {
  for (const tracker of trackers) tracker.sending(id)
  for (let tried = 1; ; tried++) {
    const answer = await api.call('POST', path, body)
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

import type { Scenario } from './scenarios.ts'
import type { Result } from './world.ts'

type Judged = Pick<
  Scenario,
  'clean' | 'counted' | 'backWithinMs' | 'gapWithinMs' | 'p99BackWithinMs'
>

/** What is wrong with a result; empty when it is as it should be. Of a quick run the time of answers says nothing. */
export function problems(
  { clean, counted, backWithinMs, gapWithinMs, p99BackWithinMs }: Judged,
  result: Result,
  quick: boolean,
): string[] {
  const found: string[] = []
  const say = (bad: boolean, text: string) => bad && found.push(text)
  say(result.accepted === 0, 'nothing was accepted')
  say(result.lost.length > 0, `${result.lost.length} lost: ${result.lost.slice(0, 10).join(', ')}`)
  say(
    result.orderBroken.length > 0,
    `order broken ${result.orderBroken.length} times: ${result.orderBroken.slice(0, 5).join('; ')}`,
  )
  say(
    result.afterTakeOver > 0,
    `${result.afterTakeOver} sent by a node that had lost them to another`,
  )
  say(clean && result.repeated > 0, `${result.repeated} came twice although nothing broke`)
  say(
    counted === true && result.repeated > result.inFlight,
    `${result.repeated} came twice, ${result.inFlight} were in flight`,
  )
  say(
    backWithinMs !== undefined && (result.backMs ?? Number.POSITIVE_INFINITY) > backWithinMs,
    `back after ${result.backMs} ms, which may be ${backWithinMs}`,
  )
  say(
    gapWithinMs !== undefined && result.gapMs > gapWithinMs,
    `nothing was accepted for ${result.gapMs} ms, which may be ${gapWithinMs}`,
  )
  const { calmP99Ms: calm, laterP99Ms: later } = result
  if (!quick && p99BackWithinMs !== undefined) {
    say(calm === null || later === null, 'too few answers to tell how long they took')
    say(
      calm !== null && later !== null && later > Math.max(2 * calm, calm + 100),
      `${p99BackWithinMs} ms after a fault the p99 of answers was ${later} ms, and ${calm} ms before`,
    )
  }
  say(result.unrecorded > 0, `${result.unrecorded} were received and not recorded as delivered`)
  say(result.refused > 0, `${result.refused} were still refused when all was well again`)
  return [...found, ...result.notes]
}

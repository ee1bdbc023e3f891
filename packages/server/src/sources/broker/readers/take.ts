/** Messages of a broker through the intake: in order where order is asked for, waiting while Pombo cannot take them. */
import { say } from '../../../core/sentences/sentences.ts'
import { PomboError } from '../../../core/error.ts'
import { pause } from '../../../core/pause.ts'
import { errorMessage } from '../../../core/thrown.ts'
import { orderingKey } from '../../../whatsapp/identity/event-identity.ts'
import type { Intake } from '../../intake/intake.ts'
import type { Part } from '../../intake/part.ts'
import type { Source } from '../../intake/settings.ts'
import { eachInOrder, type Fate } from '../acceptance.ts'
import { contentId } from '../content-id.ts'
import type { BrokerMessage } from '../kind.ts'
import { backoffMs, untilPassed } from '../patience.ts'

export interface TakeDeps {
  intake: Pick<Intake, 'read' | 'takeRead' | 'setAside'>
  /** The source as it is now. */
  source: () => Source
  maxBodyBytes: number
  stopping: AbortSignal
  /** Why what was read waits; null once it is taken. */
  onWait: (error: unknown) => void
  log: (message: string, error?: unknown) => void
}

/** Times that Pombo itself may fail at a message before it is set aside. */
const maxFailures = 5
const firstPauseMs = 100
/** Longer than a broker is cut off from Pombo. */
const rememberedSeconds = 7 * 86_400

type Opened = { message: BrokerMessage; parts: Part[] } | { problem: string }

/** @returns one fate for each, in their order */
export async function takeMessages(
  messages: readonly BrokerMessage[],
  deps: TakeDeps,
): Promise<Fate[]> {
  const opened = await Promise.all(messages.map((message) => openMessage(message, deps)))
  const fates = await eachInOrder(
    opened,
    keysOf,
    (one) => takeOne(one, deps),
    (fate) => fate.kind !== 'left',
  )
  return opened.map((one) => {
    const fate = fates.get(one) ?? { kind: 'left' }
    if (fate.kind === 'refused')
      deps.intake.setAside(deps.source(), fate.problem, { unread: 'problem' in one })
    return fate
  })
}

async function openMessage(message: BrokerMessage, deps: TakeDeps): Promise<Opened> {
  const { maxBodyBytes, intake, source, log } = deps
  if (message.problem !== undefined) return { problem: message.problem }
  const bytes = message.body.length
  if (bytes > maxBodyBytes)
    return { problem: say('taken_too_large', { bytes, limit: maxBodyBytes }) }
  for (let failures = 1; ; failures++) {
    try {
      const parts = await untilPassed(() => intake.read(source(), message), {
        stopping: deps.stopping,
        firstPauseMs,
        onWait: deps.onWait,
      })
      return parts === 'stopped' ? { message, parts: [] } : { message, parts }
    } catch (error) {
      if (error instanceof PomboError) return { problem: error.message }
      log('a message of a broker could not be read', error)
      if (failures >= maxFailures)
        return { problem: say('reading_failed', { said: errorMessage(error) }) }
      await pause(backoffMs(firstPauseMs, failures - 1), deps.stopping)
    }
  }
}

/** The chats and keys of its events. */
function keysOf(opened: Opened): string[] {
  const parts = 'parts' in opened ? opened.parts : []
  return parts.flatMap(({ parsed }) => {
    if (parsed.outcome === 'events') return parsed.events.map(orderingKey)
    if (parsed.outcome === 'unknown') return []
    return parsed.messages.flatMap((one) => one.orderingKey ?? [])
  })
}

async function takeOne(opened: Opened, deps: TakeDeps): Promise<Fate> {
  if ('problem' in opened) return { kind: 'refused', problem: opened.problem }
  const { message, parts } = opened
  const { intake, source, stopping, onWait, log } = deps
  let again = message.again
  for (let failures = 1; !stopping.aborted; failures++) {
    try {
      const taken = await untilPassed(
        async () => {
          const knownBy = knownAs(source(), message, again)
          // Whether it was stored is not known where the answer was lost.
          again = true
          await intake.takeRead(parts, knownBy)
        },
        { stopping, firstPauseMs, onWait },
      )
      return { kind: taken === 'stopped' ? 'left' : 'accepted' }
    } catch (error) {
      if (error instanceof PomboError) return { kind: 'refused', problem: error.message }
      log('a message of a broker could not be accepted; trying again', error)
      if (failures >= maxFailures) return { kind: 'refused', problem: errorMessage(error) }
      await pause(backoffMs(firstPauseMs, failures - 1), stopping)
    }
  }
  return { kind: 'left' }
}

/** By its id. One that has none is known by its content, if the broker says that it was handed out before. */
function knownAs({ id: sourceId }: Source, { id, body }: BrokerMessage, again: boolean) {
  const what = id === null ? `content ${contentId(body)}` : `id ${id}`
  return {
    key: `broker|${sourceId}|${what.length <= 300 ? what : contentId(what)}`,
    windowSeconds: rememberedSeconds,
    onlyIfAgain: id === null && !again,
  }
}

/** The broker that feeds a source, as the API takes and shows it. */
import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { invalid } from '../../core/error.ts'
import { kindsOffered } from '../../destinations/contract/offered.ts'
import { masked, unmasked } from '../../destinations/shown.ts'
import type { BrokerSettings } from '../../sources/broker/kind.ts'
import type { ReaderFact, ReaderState } from '../../sources/broker/readers/store.ts'
import { brokerProblem, type TrialTools } from '../../sources/broker/readers/trial.ts'
import { brokerOf, brokers } from '../../sources/brokers.ts'
import { time } from '../field.ts'
import { reasonOut, showReason } from './reason.ts'
import { say } from '../../core/sentences/sentences.ts'

/** What the routes need to take a broker. */
export interface BrokerPort extends TrialTools {
  /** What is to be read is another. */
  changed: () => void
}

export const brokerIn = kindsOffered<BrokerSettings>(
  brokers,
  'A bridge from it to one of them, or to the API, leads here',
).meta({
  id: 'BrokerIn',
  description:
    'A broker that the source reads, beside the requests that are sent to it; every node takes its share. It is ' +
    'connected to before it is kept. Set as a whole',
})

export const brokerOut = z.looseObject({ type: z.enum(Object.keys(brokers)) }).meta({
  id: 'BrokerOut',
  description: 'As it was given; passwords and what else opens it are `***`',
})

const state = {
  ...reasonOut,
  since: time.nullable(),
}
const readerStates = [
  'connecting',
  'reading',
  'waiting',
  'failing',
] as const satisfies ReaderState[]

export const readingOut = z
  .object({
    state: z
      .enum([...readerStates, 'paused', 'stopped'])
      .describe(
        'The worst of all nodes. waiting: Pombo cannot take events now; stopped: no live node reads it',
      ),
    ...state,
    nodes: z.array(z.object({ node: z.string(), state: z.enum(readerStates), ...state })),
  })
  .meta({ id: 'ReadingOut', description: 'How the broker is read' })

export function showBroker(settings: BrokerSettings | null): { type: string } | null {
  return settings && masked(settings, secretsOf(settings))
}

const worstFirst: readonly ReaderState[] = ['failing', 'waiting', 'connecting', 'reading']

export function showReading(
  settings: BrokerSettings | null,
  readers: readonly ReaderFact[] = [],
): z.output<typeof readingOut> | null {
  if (settings === null) return null
  const nodes = readers.map(({ node, state, reason, sinceMs }) => ({
    node,
    state,
    ...showReason(reason),
    since: iso(sinceMs),
  }))
  const worst = worstFirst.find((one) => nodes.some(({ state }) => state === one))
  const all = nodes.filter(({ state }) => state === worst)
  if (settings.paused === true || worst === undefined)
    return {
      state: settings.paused === true ? 'paused' : 'stopped',
      ...showReason(null),
      since: null,
      nodes,
    }
  const oldest = all.toSorted((a, b) => a.since.localeCompare(b.since))[0]!
  const { node: _, ...how } = oldest
  return { ...how, state: worst, nodes }
}

/**
 * The settings as they are kept: what came back masked is what was, and a real connection has shown that they are
 * right. Throws a 422 that names the field otherwise.
 */
export async function checkedBroker(
  given: BrokerSettings,
  kept: BrokerSettings | null,
  port: BrokerPort | undefined,
): Promise<BrokerSettings> {
  if (!port) throw invalid(['body', 'broker'], say('broker_not_read'))
  const settings = unmasked(given, kept, secretsOf(given), 'broker')
  const problem = await brokerProblem(settings, port)
  if (problem) throw invalid(['body', 'broker', problem.field], problem.problem)
  return settings
}

function secretsOf(settings: BrokerSettings): string[] {
  return ['key', ...brokerOf(settings).secrets]
}

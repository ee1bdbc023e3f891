// What is done to one node in several scenarios.
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChaosNode } from './nodes.ts'
import type { Fault } from './verdict.ts'
import type { World } from './world.ts'

/** Unless said otherwise, others carry on meanwhile, and nothing was in flight. */
export function note(world: World, at: number, what: string, more: Partial<Fault> = {}): void {
  const fault: Fault = { what, at, mendedAt: null, inFlight: 0, ...more }
  world.faults.push(fault)
  world.say(fault.open ? what : `${what}; ${fault.inFlight} in flight`)
}

/** SIGSTOP, and SIGCONT after so long. */
export async function standStill(world: World, node: ChaosNode, forMs: number): Promise<void> {
  const at = Date.now()
  node.signal('SIGSTOP')
  const open = await world.openAt(node.name)
  await sleep(forMs)
  const continuedAt = Date.now()
  node.signal('SIGCONT')
  note(world, at, `${node.name} stood still for ${continuedAt - at} ms`, {
    open,
    paused: { node: node.name, continuedAt },
  })
}

/** SIGTERM; it is a fault of the run when something in flight is left behind. @returns how long it took, in words */
export async function stopInOrder(world: World, node: ChaosNode): Promise<string> {
  const at = Date.now()
  const finished = await node.stop()
  if (!finished) world.notes.push(`${node.name} did not finish what it had in flight`)
  return `${Date.now() - at} ms${finished ? '' : ', with work unfinished'}`
}

import { note, standStill, stopInOrder } from './node-faults.ts'
import { base, type Scenario, usualLeaseMs } from './scenarios.ts'
import type { ChaosNode } from './nodes.ts'
import type { World } from './world.ts'

const balanced = { ...base, balanced: true, counted: true, p99BackWithinMs: 3_000 }

/** Each node in turn, with a calm before the first and enough of it after each to see that all is as before. */
async function eachNode(
  world: World,
  fault: (node: ChaosNode, index: number) => Promise<void>,
): Promise<void> {
  await world.sleep(world.isQuick ? 2_000 : 8_000)
  for (const [index, node] of world.nodes.entries()) {
    if (world.isQuick && index > 0) break
    await fault(node, index)
    world.made += 1
    await world.sleep(world.isQuick ? 2_000 : 7_000)
  }
}

/** Nodes behind HAProxy: what their clients and receivers notice of the loss of one. */
export const behindBalancer: Scenario[] = [
  {
    ...balanced,
    name: 'balanced-kill',
    about: 'behind HAProxy, each node in turn killed (kill -9), and started again after 4 s',
    disturb: (world) =>
      eachNode(world, async (node) => {
        const at = Date.now()
        await node.kill()
        note(world, at, `killed ${node.name}`, { open: await world.openAt(node.name) })
        await world.sleep(4_000)
        await node.start()
      }),
  },
  {
    ...balanced,
    name: 'balanced-pause',
    about:
      'behind HAProxy, each node in turn stopped (SIGSTOP) for longer than its lease, then continued',
    disturb: (world) => eachNode(world, async (node) => await standStill(world, node, 5_000)),
  },
  {
    ...balanced,
    name: 'balanced-cut',
    about: 'behind HAProxy, each node in turn cut off from everything for longer than its lease',
    disturb: (world) =>
      eachNode(world, async (node, index) => {
        const at = Date.now()
        await world.stage.cut(index)
        // What it has sent and not recorded may be sent again by whoever takes it over.
        const open = await world.openAt(node.name)
        await world.sleep(5_000)
        await world.stage.mend(index)
        note(world, at, `${node.name} was cut off for ${Date.now() - at} ms`, { open })
      }),
  },
  {
    ...balanced,
    name: 'balanced-roll',
    about: 'behind HAProxy, each node in turn stopped in good order (SIGTERM) and started again',
    leaseMs: usualLeaseMs,
    clean: true,
    disturb: (world) =>
      eachNode(world, async (node) => {
        const at = Date.now()
        const ended = await stopInOrder(world, node)
        note(world, at, `${node.name} ended after ${ended}`)
        await node.start()
      }),
  },
]

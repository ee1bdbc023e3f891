import { note, standStill, stopInOrder } from './node-faults.ts'
import { pick } from './random.ts'
import type { StageOptions, World } from './world.ts'

export interface Scenario extends StageOptions {
  name: string
  about: string
  /** How soon after a fault the time of an answer is what it was; not judged with --quick. */
  p99BackWithinMs?: number
  /** No more may come twice than was in flight at the faults. */
  counted?: boolean
  /** From the mending of a fault to the service. */
  backWithinMs?: number
  /** The longest time in which nothing was accepted. */
  gapWithinMs?: number
  /** Nothing breaks in it, so nothing may come twice. */
  clean: boolean
  disturb: (world: World) => Promise<void>
}

/** Between the end of one fault and the next. */
const calm = (world: World) => 1_000 + world.random() * 1_500
export const base = { nodes: 3, leaseMs: 2_000, lines: false, clean: false }

/** Of nodes that only stop in good order: as a server has it, so that a starved heartbeat is not what is seen. */
export const usualLeaseMs = 15_000

/** Faults one after the other: two at least (one in a quick run), and more while there is time for a whole one. */
export async function repeatedly(
  world: World,
  needsMs: number,
  fault: () => Promise<void>,
): Promise<void> {
  await world.sleep(1_000)
  for (let made = 0; made < (world.isQuick ? 1 : 2) || world.remainingMs > needsMs; made++) {
    await fault()
    world.made += 1
    await world.sleep(calm(world))
  }
  await world.sleep(world.remainingMs)
}

export const oneServer: Scenario[] = [
  {
    ...base,
    name: 'kill-node',
    counted: true,
    about: 'kill -9 of a random node every few seconds; it is started again',
    disturb: (world) =>
      repeatedly(world, 1_500, async () => {
        const node = pick(world.random, world.nodes)
        const at = Date.now()
        await node.kill()
        note(world, at, `killed ${node.name}`, { open: await world.openAt(node.name) })
        await world.sleep(world.random() * 1_000)
        await node.start()
      }),
  },
  {
    ...base,
    name: 'kill-database',
    about:
      'PostgreSQL killed (kill -9 of all its processes) and shut down in good order, by ' +
      'turns, and started again after up to 3 s',
    disturb: async (world) => {
      let kill = true
      await repeatedly(world, 3_000, async () => {
        const inFlight = await world.inHand()
        const at = Date.now()
        await (kill ? world.database.kill() : world.database.stop())
        await world.sleep(world.random() * 3_000)
        await world.database.start()
        note(
          world,
          at,
          `PostgreSQL ${kill ? 'killed' : 'shut down'}, away for ${Date.now() - at} ms`,
          { mendedAt: Date.now(), inFlight },
        )
        kill = !kill
      })
    },
  },
  {
    ...base,
    name: 'pause-node',
    about: 'a random node stopped (SIGSTOP) for longer than its lease, then continued',
    disturb: (world) =>
      repeatedly(world, 5_000, async () => {
        const node = pick(world.random, world.nodes)
        await standStill(world, node, 3_500 + world.random() * 1_000)
      }),
  },
  {
    ...base,
    name: 'cut',
    about:
      "one node's line to the database reset, or swallowing everything, for longer than its lease; by turns",
    lines: true,
    disturb: async (world) => {
      let state: 'cut' | 'hole' = 'cut'
      await repeatedly(world, 5_000, async () => {
        const index = Math.floor(world.random() * world.nodes.length)
        const node = world.nodes[index]!
        const inFlight = await world.inHand([node])
        const at = Date.now()
        await world.setLine(index, state)
        await world.sleep(3_000 + world.random() * 1_500)
        await world.setLine(index, 'open')
        note(
          world,
          at,
          `the line of ${node.name} was ${state === 'cut' ? 'cut' : 'a hole'} for ${Date.now() - at} ms`,
          { inFlight },
        )
        state = state === 'cut' ? 'hole' : 'cut'
      })
    },
  },
  {
    ...base,
    name: 'slow-database',
    about: 'every chunk to and from the database 200 ms late, for all nodes',
    // A new connection takes five such ways there and back; in 2 s a heartbeat that needs one comes too late.
    leaseMs: 5_000,
    lines: true,
    clean: true,
    disturb: async (world) => {
      await world.sleep(1_000)
      for (const i of world.nodes.keys()) await world.setLine(i, 200)
      world.say('the database is slow')
      world.made += 1
      await world.sleep(Math.max(2_000, world.remainingMs - 1_500))
      for (const i of world.nodes.keys()) await world.setLine(i, 'open')
      world.say('the database is as before')
    },
  },
  {
    ...base,
    name: 'full-disk',
    about:
      "the database's disk (a tmpfs) filled and freed; then once more so that its log " +
      'cannot grow either, at which it ends itself',
    diskMib: 256,
    backWithinMs: 10_000,
    disturb: async (world) => {
      // A small log, or it would fill the disk by itself.
      for (const setting of [`min_wal_size = '32MB'`, `max_wal_size = '64MB'`])
        await world.database.query('postgres', `alter system set ${setting}`)
      await world.database.query('postgres', 'select pg_reload_conf()')
      let log = false
      await repeatedly(world, 5_000, async () => {
        const inFlight = await world.inHand()
        const at = Date.now()
        world.database.fill()
        const until = Date.now() + 3_000
        // To the end of the log's current segment, where it needs the next one.
        while (log && world.database.runs && Date.now() < until)
          await world.database.query('postgres', 'select pg_switch_wal()').catch(() => {})
        await world.sleep(Math.max(0, until - Date.now()))
        const alive = await world.database.query('postgres', 'select 1').then(
          () => true,
          () => false,
        )
        world.database.free()
        if (!alive) {
          await world.database.kill()
          await world.database.start()
        }
        note(
          world,
          at,
          `the disk was full for ${Date.now() - at} ` +
            `ms${alive ? '' : '; PostgreSQL ended, and was started again'}`,
          { mendedAt: Date.now(), inFlight },
        )
        log = true
      })
    },
  },
  {
    ...base,
    name: 'rolling',
    about: 'nodes stopped in good order (SIGTERM) and started again, one after the other',
    leaseMs: usualLeaseMs,
    clean: true,
    disturb: async (world) => {
      let turn = 0
      await repeatedly(world, 2_000, async () => {
        const node = world.nodes[turn++ % world.nodes.length]!
        world.say(`${node.name} ended after ${await stopInOrder(world, node)}`)
        await node.start()
      })
    },
  },
]

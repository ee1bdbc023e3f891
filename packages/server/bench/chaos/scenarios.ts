import { pick } from './random.ts'
import type { Fault } from './verdict.ts'
import type { World } from './world.ts'

export interface Scenario {
  name: string
  about: string
  nodes: number
  leaseMs: number
  lines: boolean
  diskMib?: number
  /** Nothing breaks in it, so nothing may come twice. */
  clean: boolean
  disturb: (world: World) => Promise<void>
}

/** Between the end of one fault and the next. */
const calm = (world: World) => 1_000 + world.random() * 1_500
const base = { nodes: 3, leaseMs: 2_000, lines: false, clean: false }

/** Faults one after the other: two at least, and more while there is time for a whole one. */
async function repeatedly(
  world: World,
  needsMs: number,
  fault: () => Promise<void>,
): Promise<void> {
  await world.sleep(1_000)
  for (let made = 0; made < 2 || world.remainingMs > needsMs; made++) {
    await fault()
    world.made += 1
    await world.sleep(calm(world))
  }
  await world.sleep(world.remainingMs)
}

function note(world: World, fault: Fault): void {
  world.faults.push(fault)
  world.say(`${fault.what}; ${fault.inFlight} in flight`)
}

export const scenarios: Scenario[] = [
  {
    ...base,
    name: 'kill-node',
    about: 'kill -9 of a random node every few seconds; it is started again',
    disturb: (world) =>
      repeatedly(world, 1_500, async () => {
        const node = pick(world.random, world.nodes)
        const at = Date.now()
        await node.kill()
        note(world, {
          what: `killed ${node.name}`,
          at,
          mendedAt: null,
          inFlight: await world.unrecordedOf(node.name),
        })
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
        note(world, {
          what: `PostgreSQL ${kill ? 'killed' : 'shut down'}, away for ${Date.now() - at} ms`,
          at,
          mendedAt: Date.now(),
          inFlight,
        })
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
        const at = Date.now()
        node.signal('SIGSTOP')
        const inFlight = await world.unrecordedOf(node.name)
        await world.sleep(3_500 + world.random() * 1_000)
        const continuedAt = Date.now()
        node.signal('SIGCONT')
        note(world, {
          what: `${node.name} stood still for ${continuedAt - at} ms`,
          at,
          mendedAt: null,
          inFlight,
          paused: { node: node.name, continuedAt },
        })
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
        note(world, {
          what: `the line of ${node.name} was ${state === 'cut' ? 'cut' : 'a hole'} for ${Date.now() - at} ms`,
          at,
          mendedAt: null,
          inFlight,
        })
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
        note(world, {
          what:
            `the disk was full for ${Date.now() - at} ` +
            `ms${alive ? '' : '; PostgreSQL ended, and was started again'}`,
          at,
          mendedAt: Date.now(),
          inFlight,
        })
        log = true
      })
    },
  },
  {
    ...base,
    name: 'rolling',
    about: 'nodes stopped in good order (SIGTERM) and started again, one after the other',
    clean: true,
    disturb: async (world) => {
      let turn = 0
      await repeatedly(world, 2_000, async () => {
        const node = world.nodes[turn++ % world.nodes.length]!
        const at = Date.now()
        const finished = await node.stop(10_000)
        world.say(
          `${node.name} ended after ${Date.now() - at} ms${finished ? '' : ', with work unfinished'}`,
        )
        if (!finished) world.notes.push(`${node.name} did not finish what it had in flight`)
        await node.start()
      })
    },
  },
]

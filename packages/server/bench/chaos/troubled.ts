import pg from 'pg'
import { note } from './node-faults.ts'
import { base, repeatedly, type Scenario } from './scenarios.ts'
import type { World } from './world.ts'

/** A database that is there, and slow, full of other clients, or started again and again. */
export const troubled: Scenario[] = [
  slow('slow-10', 10, 2_000),
  // A new connection takes five ways there and back.
  slow('slow-100', 100, 5_000),
  {
    ...base,
    name: 'no-connections',
    // A node that was turned away comes again within the pause between two attempts.
    backWithinMs: 10_000,
    about: "all of PostgreSQL's connections taken by others for 4 s, those of the nodes cut off",
    disturb: (world) =>
      repeatedly(world, 6_000, async () => {
        const at = Date.now()
        const release = await takeAllConnections(world)
        const inFlight = await world.inHand()
        await world.sleep(4_000)
        await release()
        note(world, at, `no connection was to be had for ${Date.now() - at} ms`, {
          mendedAt: Date.now(),
          inFlight,
        })
      }),
  },
  {
    ...base,
    name: 'restarts',
    backWithinMs: 10_000,
    about:
      'PostgreSQL restarted every 10 s for 5 minutes (--quick: every 3 s, as long as the load)',
    disturb: async (world) => {
      const everyMs = world.isQuick ? 3_000 : 10_000
      const endsAt = Date.now() + (world.isQuick ? world.remainingMs : 300_000)
      do {
        await world.sleep(everyMs)
        const at = Date.now()
        await world.database.stop()
        const inFlight = await world.inHand()
        await world.database.start()
        note(world, at, `PostgreSQL was restarted, away for ${Date.now() - at} ms`, {
          mendedAt: Date.now(),
          inFlight,
        })
        world.made += 1
      } while (Date.now() + everyMs < endsAt)
      await world.sleep(1_000)
    },
  },
]

function slow(name: string, statementMs: number, leaseMs: number): Scenario {
  return {
    ...base,
    name,
    about: `every statement ${statementMs} ms late, half on the way there and half on the way back, for all nodes`,
    leaseMs,
    lines: true,
    clean: true,
    gapWithinMs: 5_000,
    disturb: async (world) => {
      await world.sleep(1_000)
      for (const i of world.nodes.keys()) await world.setLine(i, statementMs / 2)
      world.say(`each statement takes ${statementMs} ms longer`)
      world.made += 1
      await world.sleep(Math.max(2_000, world.remainingMs - 1_000))
      for (const i of world.nodes.keys()) await world.setLine(i, 'open')
    },
  }
}

/** @returns what gives them back */
async function takeAllConnections(world: World): Promise<() => Promise<void>> {
  const url = world.database.url('postgres')
  const held: pg.Client[] = []
  const take = async (): Promise<boolean> => {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    try {
      await client.connect()
      held.push(client)
      return true
    } catch {
      return false
    }
  }
  if (!(await take())) throw new Error('not even one connection was to be had')
  let holding = true
  const cutOthers = `select pg_terminate_backend(pid) from pg_stat_activity
    where backend_type = 'client backend' and datname = 'chaos'`
  // Whoever comes in between is cut off, and its place taken.
  const keep = (async () => {
    while (holding) {
      await held[0]!.query(cutOthers).catch(() => {})
      while (holding && (await take()));
      await world.sleep(50)
    }
  })()
  return async () => {
    holding = false
    await keep
    await Promise.all(held.map((client) => client.end().catch(() => {})))
  }
}

import { note } from './node-faults.ts'
import { base, repeatedly, type Scenario } from './scenarios.ts'
import type { Server } from './server.ts'
import { databaseName, type World } from './world.ts'

/** The primary is killed, its standby promoted, and the old one comes back. */
export const failover: Scenario = {
  ...base,
  name: 'failover',
  about:
    'the primary killed (kill -9), its synchronous standby promoted; the old one started again, taking writes, then ' +
    'replaced by a new standby',
  pair: true,
  counted: true,
  backWithinMs: 5_000,
  disturb: (world) =>
    repeatedly(world, 8_000, async () => {
      const at = Date.now()
      const old = world.pair.primary
      await old.kill()
      // Nothing can be recorded any more: what the nodes have sent, they have in hand.
      const inFlight = await world.inHand()
      await world.sleep(world.random() * 1_000)
      await world.pair.promote()
      const mendedAt = Date.now()
      note(
        world,
        at,
        `the primary was killed, and the standby promoted after ${mendedAt - at} ms`,
        { mendedAt, inFlight },
      )
      await cameBack(world, old)
      await world.pair.refill(old)
    }),
}

/** An old primary that takes writes from whoever asks: Pombo must not. */
async function cameBack(world: World, old: Server): Promise<void> {
  // Without the standby that it had it would let nobody commit; that is PostgreSQL's fence, and Pombo's is looked at.
  await old.configure({ synchronous_standby_names: '' })
  await old.start()
  const written = async () => {
    const [row] = await old.query<{ count: string }>(
      databaseName,
      `select sum(n_tup_ins + n_tup_upd + n_tup_del)::text as count from pg_stat_user_tables`,
    )
    return row!.count
  }
  const before = await written()
  await world.sleep(2_500)
  const after = await written()
  if (before !== after)
    world.notes.push(
      `the old primary that came back was written to (${before} rows, then ${after})`,
    )
  await old.kill()
}

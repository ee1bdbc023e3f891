import { schemaVersion } from '../../src/db/migrations.ts'
import { expand, laterPombo } from '../../test/support/pombo-copy.ts'
import { note, stopInOrder } from './node-faults.ts'
import { base, type Scenario, usualLeaseMs } from './scenarios.ts'
import type { World } from './world.ts'

/** From this version to one whose schema has more, a node at a time, both at work together meanwhile. */
export const upgrade: Scenario = {
  ...base,
  name: 'upgrade',
  about:
    'nodes replaced one after the other by a later version, which migrates the schema at its start; both at work ' +
    'together for a minute (--quick: 3 s)',
  leaseMs: usualLeaseMs,
  clean: true,
  async disturb(world) {
    const file = `${String(schemaVersion() + 1).padStart(4, '0')}-expand.sql`
    const later = await laterPombo({ [file]: expand })
    world.leftovers.push(() => later.remove())
    await world.sleep(1_000)
    for (const [turn, node] of world.nodes.entries()) {
      const at = Date.now()
      await stopInOrder(world, node)
      await node.start(later.node)
      note(world, at, `${node.name} was replaced by a later version after ${Date.now() - at} ms`)
      world.made += 1
      if (turn === 0) await world.sleep(world.isQuick ? 3_000 : 60_000)
    }
    await sawBoth(world)
  },
}

async function sawBoth(world: World): Promise<void> {
  const [row] = await world.query<{ version: number }>(
    'select max(version)::int as version from pombo_migration',
  )
  if (row!.version !== schemaVersion() + 1)
    world.notes.push(`the schema is at version ${row!.version}, and not at the later one's`)
}

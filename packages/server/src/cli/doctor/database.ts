import { dayOf, listPartitions, partitioned } from '../../db/partitions.ts'
import type { Config } from '../../config/config.ts'
import { DAY_MS } from '../../core/clock.ts'
import { databaseAddress } from '../../core/database-url.ts'
import { schemaVersion } from '../../db/migrations.ts'
import type { Pool } from '../../db/pool.ts'
import { keyIdOf } from '../../db/seal.ts'
import { brokerFindings, destinationFindings } from './brokers.ts'
import { type Finding, finding } from './finding.ts'
import { replicationFinding } from './hosts.ts'
import { queueFindings } from './queue.ts'
import {
  forbiddenTables,
  foundSchema,
  isTransactionPooled,
  liveNodes,
  sealingKeys,
  serverFacts,
  type ServerFacts,
} from './store.ts'

/** The oldest PostgreSQL that the statements are written for. */
const OLDEST = 150_000

/**
 * Everything about a database that answers. `keys` is undefined where no key ring is configured and none lies
 * in the data folder.
 */
export async function databaseFindings(
  pool: Pool,
  config: Config,
  keys: readonly string[] | undefined,
): Promise<Finding[]> {
  const askedAtMs = Date.now()
  const facts = await serverFacts(pool)
  const answeredAtMs = Date.now()
  const differenceMs = facts.nowMs - (askedAtMs + answeredAtMs) / 2
  const findings: Finding[] = [
    version(facts),
    clock(differenceMs),
    durability(facts),
    writable(facts),
    connections(facts, config),
    await pooler(pool),
  ]
  if (config.databaseUrl !== undefined && databaseAddress(config.databaseUrl).urls.length > 1)
    findings.push(await replicationFinding(pool))
  if (facts.encoding !== 'UTF8')
    findings.push(finding('fail', 'encoding', 'encoding', { encoding: facts.encoding }))
  if (facts.autovacuum !== 'on') findings.push(finding('warn', 'autovacuum', 'autovacuum_off'))
  if (facts.versionNumber < OLDEST) return findings
  return [...findings, ...(await schemaFindings(pool, config, facts, keys))]
}

function version({ version: shown, versionNumber, database, user }: ServerFacts): Finding {
  const values = { version: shown, database, user }
  return versionNumber < OLDEST
    ? finding('fail', 'server', 'server_old', values)
    : finding('ok', 'server', 'server', values)
}

function clock(differenceMs: number): Finding {
  const seconds = Math.abs(differenceMs) / 1_000
  if (seconds < 0.1) return finding('ok', 'clock', 'clock_same')
  // Pombo goes by the database's clock; receivers check timestamps against theirs, within 5 minutes.
  const level = seconds < 5 ? 'ok' : seconds < 120 ? 'warn' : 'fail'
  const code = differenceMs > 0 ? 'clock_ahead' : 'clock_behind'
  return finding(level, 'clock', code, { seconds: seconds.toFixed(1) })
}

function durability({ synchronousCommit, fsync, fullPageWrites }: ServerFacts): Finding {
  const settings = `synchronous_commit=${synchronousCommit} fsync=${fsync} full_page_writes=${fullPageWrites}`
  if (fsync === 'off' || fullPageWrites === 'off')
    return finding('fail', 'durability', 'durability_power', { settings })
  if (synchronousCommit === 'off')
    return finding('fail', 'durability', 'durability_commit', { settings })
  return finding('ok', 'durability', 'durability', { settings })
}

function writable({ standby, readOnly, canCreate, user }: ServerFacts): Finding {
  if (standby) return finding('fail', 'writing', 'writing_standby')
  if (readOnly) return finding('fail', 'writing', 'writing_read_only', { user })
  if (!canCreate) return finding('fail', 'writing', 'writing_no_rights', { user })
  return finding('ok', 'writing', 'writing', { user })
}

function connections({ maxConnections, connections: open }: ServerFacts, config: Config): Finding {
  const wanted = config.databaseConnections * config.processes
  const values = { open, most: maxConnections, wanted }
  if (wanted > maxConnections) return finding('fail', 'connections', 'connections_too_many', values)
  return wanted * 2 > maxConnections
    ? finding('warn', 'connections', 'connections_one_node', values)
    : finding('ok', 'connections', 'connections', values)
}

async function pooler(pool: Pool): Promise<Finding> {
  const [first, second] = await Promise.all([pool.connect(), pool.connect()])
  try {
    const pooled = await isTransactionPooled(first, second)
    return finding('ok', 'pooler', pooled ? 'pooler' : 'pooler_none')
  } finally {
    first.release()
    second.release()
  }
}

function schemaFinding(version: number, known: number): Finding {
  if (version < known) return finding('warn', 'schema', 'schema_older', { version, known })
  if (version > known) return finding('warn', 'schema', 'schema_newer', { version, known })
  return finding('ok', 'schema', 'schema', { version })
}

async function schemaFindings(
  pool: Pool,
  config: Config,
  facts: ServerFacts,
  keys: readonly string[] | undefined,
): Promise<Finding[]> {
  const known = schemaVersion()
  const forbidden = await forbiddenTables(pool)
  const tables =
    forbidden.length > 0
      ? [
          finding('fail', 'tables', 'tables_forbidden', {
            user: facts.user,
            tables: forbidden.join(', '),
          }),
        ]
      : []
  // Nothing further can be asked without it.
  if (forbidden.includes('pombo_migration')) return tables
  const found = await foundSchema(pool)
  if (found === undefined) return [finding('ok', 'schema', 'schema_none', { known })]
  if (found.servesFrom > known)
    return [
      finding('fail', 'schema', 'schema_too_new', {
        version: found.version,
        from: found.servesFrom,
        known,
      }),
    ]
  const schema = schemaFinding(found.version, known)
  if (found.version < known || tables.length > 0) return [schema, ...tables]
  const nodes = await liveNodes(pool)
  return [
    schema,
    nodes.length === 0
      ? finding('ok', 'nodes', 'nodes_none')
      : finding('ok', 'nodes', 'nodes', {
          count: nodes.length,
          nodes: nodes.map((node) => `${node.name} (${node.version})`).join(', '),
        }),
    partitions(
      (await listPartitions(pool)).filter(({ state }) => state === 'attached'),
      facts.nowMs,
      nodes.length > 0,
    ),
    ...(await queueFindings(pool)),
    ...(await brokerFindings(pool)),
    ...(await destinationFindings(pool)),
    keyRing(await sealingKeys(pool), keys, config),
  ]
}

function partitions(
  existing: readonly { table: string; dayMs: number }[],
  nowMs: number,
  running: boolean,
): Finding {
  const missing = [0, 1].flatMap((ahead) => {
    const dayMs = dayOf(nowMs) + ahead * DAY_MS
    return partitioned
      .filter((table) => !existing.some((one) => one.table === table && one.dayMs === dayMs))
      .map((table) => `${table} of ${new Date(dayMs).toISOString().slice(0, 10)}`)
  })
  if (missing.length === 0)
    return finding('ok', 'partitions', 'partitions', { count: existing.length })
  // A node makes them at its start and while it runs, so that they may be missing where none runs.
  return running
    ? finding('fail', 'partitions', 'partitions_missing', { missing: missing.join(', ') })
    : finding('ok', 'partitions', 'partitions_later')
}

function keyRing(
  used: Map<string, number>,
  keys: readonly string[] | undefined,
  config: Config,
): Finding {
  const total = [...used.values()].reduce((sum, count) => sum + count, 0)
  if (keys === undefined)
    return total === 0
      ? finding('ok', 'encryption keys', 'keys_none_yet')
      : finding('fail', 'encryption keys', 'keys_none', { total })
  const ring = keys.map((text) => keyIdOf(text)?.toString('hex') ?? '')
  const lost = [...used].filter(([id]) => !ring.includes(id))
  if (lost.length > 0) {
    const count = lost.reduce((sum, [, values]) => sum + values, 0)
    return finding('fail', 'encryption keys', 'keys_lost', { count, total })
  }
  const old = total - (used.get(ring[0]!) ?? 0)
  const where = config.encryptionKeys === undefined ? config.dataDir : 'POMBO_ENCRYPTION_KEYS'
  const values = { count: keys.length, where, total }
  return old > 0
    ? finding('ok', 'encryption keys', 'keys_old', { ...values, old })
    : finding('ok', 'encryption keys', 'keys', values)
}

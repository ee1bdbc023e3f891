import { createHash } from 'node:crypto'
import { dayOf, listPartitions, partitioned } from '../../db/partitions.ts'
import type { Config } from '../../config.ts'
import { schemaVersion } from '../../db/migrations.ts'
import type { Pool } from '../../db/pool.ts'
import { readKey } from '../../db/seal.ts'
import { fail, type Finding, ok, warn } from './finding.ts'
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

const DAY_MS = 86_400_000
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
  if (facts.encoding !== 'UTF8')
    findings.push(
      fail(
        'encoding',
        `the database stores ${facts.encoding}`,
        'Make a database with encoding UTF8: payloads are Unicode.',
      ),
    )
  if (facts.autovacuum !== 'on')
    findings.push(
      warn(
        'autovacuum',
        'it is off, so that the table of open work grows for ever',
        'Set autovacuum = on.',
      ),
    )
  if (facts.versionNumber < OLDEST) return findings
  return [...findings, ...(await schemaFindings(pool, config, facts, keys))]
}

function version({ version: shown, versionNumber, database, user }: ServerFacts): Finding {
  const detail = `PostgreSQL ${shown}, database ${database} as ${user}`
  return versionNumber < OLDEST
    ? fail('server', detail, 'Pombo needs PostgreSQL 15 or later: upgrade it.')
    : ok('server', detail)
}

function clock(differenceMs: number): Finding {
  const seconds = Math.abs(differenceMs) / 1_000
  const detail =
    "the database's clock is " +
    `${seconds < 0.1 ? 'the same' : `${seconds.toFixed(1)} s ${differenceMs > 0 ? 'ahead' : 'behind'}`}`
  // Pombo goes by the database's clock; receivers check timestamps against theirs, within 5 minutes.
  if (seconds < 5) return ok('clock', detail)
  const mend =
    'Let both machines keep time with NTP. Signed timestamps follow the database, and ' +
    'receivers refuse those more than 5 minutes off.'
  return seconds < 120 ? warn('clock', detail, mend) : fail('clock', detail, mend)
}

function durability({ synchronousCommit, fsync, fullPageWrites }: ServerFacts): Finding {
  const detail = `synchronous_commit=${synchronousCommit} fsync=${fsync} full_page_writes=${fullPageWrites}`
  if (fsync === 'off' || fullPageWrites === 'off')
    return fail(
      'durability',
      detail,
      'Set fsync = on and full_page_writes = on: without them a power cut can destroy the database.',
    )
  if (synchronousCommit === 'off')
    return fail(
      'durability',
      detail,
      'Set synchronous_commit = on for this database or role (alter role … set ' +
        'synchronous_commit = on): an answer of 202 promises that the message is on disk.',
    )
  return ok('durability', detail)
}

function writable({ standby, readOnly, canCreate, user }: ServerFacts): Finding {
  if (standby)
    return fail(
      'writing',
      'the server is a standby',
      'Let DATABASE_URL name the primary (with several hosts: target_session_attrs=read-write).',
    )
  if (readOnly)
    return fail(
      'writing',
      'transactions are read-only by default',
      `Remove default_transaction_read_only from the server, the database or the role ${user}.`,
    )
  if (!canCreate)
    return fail(
      'writing',
      `${user} may not create tables in the schema`,
      `Grant it (grant create, usage on schema public to "${user}"): migrations and the partition of each day need it.`,
    )
  return ok('writing', `${user} may write and create tables`)
}

function connections({ maxConnections, connections: open }: ServerFacts, config: Config): Finding {
  const wanted = config.databaseConnections * config.processes
  const detail = `${open} open of ${maxConnections}; this configuration opens up to ${wanted}`
  return wanted > maxConnections
    ? fail(
        'connections',
        detail,
        'Lower POMBO_DATABASE_CONNECTIONS (it is per process), or raise max_connections.',
      )
    : wanted * 2 > maxConnections
      ? warn(
          'connections',
          detail,
          'Two nodes like this one do not fit. Lower POMBO_DATABASE_CONNECTIONS, or raise max_connections.',
        )
      : ok('connections', detail)
}

async function pooler(pool: Pool): Promise<Finding> {
  const [first, second] = await Promise.all([pool.connect(), pool.connect()])
  try {
    return (await isTransactionPooled(first, second))
      ? ok(
          'pooler',
          'a pooler hands out the connection for one transaction at a time: each sets its own limits',
        )
      : ok('pooler', 'connections keep their session')
  } finally {
    first.release()
    second.release()
  }
}

function schemaFinding(found: number, known: number): Finding {
  if (found < known)
    return warn(
      'schema',
      `version ${found}; this Pombo brings ${known}`,
      'It is brought up to date at the next "pombo serve" or "pombo migrate".',
    )
  if (found > known)
    return warn(
      'schema',
      `version ${found}, newer than this Pombo's ${known}, which it serves`,
      'Nothing while an upgrade is under way; then upgrade this node, too.',
    )
  return ok('schema', `version ${found}`)
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
          fail(
            'tables',
            `${facts.user} may not use ${forbidden.join(', ')}`,
            `Grant it: grant select, insert, update, delete on all tables in schema public to "${facts.user}".`,
          ),
        ]
      : []
  // Nothing further can be asked without it.
  if (forbidden.includes('pombo_migration')) return tables
  const found = await foundSchema(pool)
  if (found === undefined)
    return [
      ok('schema', `none yet; the first "pombo serve" or "pombo migrate" makes version ${known}`),
    ]
  if (found.servesFrom > known)
    return [
      fail(
        'schema',
        `version ${found.version}, which serves a Pombo that knows version ` +
          `${found.servesFrom} or later; this one knows ${known}`,
        'Start the newer Pombo that made it, or restore a backup from before the upgrade.',
      ),
    ]
  const schema = schemaFinding(found.version, known)
  if (found.version < known || tables.length > 0) return [schema, ...tables]
  const nodes = await liveNodes(pool)
  return [
    schema,
    ok(
      'nodes',
      nodes.length === 0
        ? 'none is running'
        : `${nodes.length} running: ${nodes.map((node) => `${node.name} (${node.version})`).join(', ')}`,
    ),
    partitions(
      (await listPartitions(pool)).filter(({ state }) => state === 'attached'),
      facts.nowMs,
      nodes.length > 0,
    ),
    ...(await queueFindings(pool)),
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
    return ok('partitions', `${existing.length}, made for today and tomorrow`)
  // A node makes them at its start and while it runs, so that they may be missing where none runs.
  return running
    ? fail(
        'partitions',
        `missing: ${missing.join(', ')}`,
        'A running node should have made them; its log says why it could not. Until then ' +
          'messages of that day cannot be stored.',
      )
    : ok('partitions', 'those of today and tomorrow are made at the next start')
}

function keyRing(
  used: Map<string, number>,
  keys: readonly string[] | undefined,
  config: Config,
): Finding {
  const total = [...used.values()].reduce((sum, count) => sum + count, 0)
  if (keys === undefined)
    return total === 0
      ? ok('encryption keys', 'none yet; made at the first start')
      : fail(
          'encryption keys',
          `${total} values are encrypted and there is no key`,
          'Set POMBO_ENCRYPTION_KEYS to the keys that the other nodes have.',
        )
  const ring = keys.map((text) => {
    const read = readKey(text)
    return read.ok
      ? createHash('sha256').update(read.key).digest().subarray(0, 4).toString('hex')
      : ''
  })
  const lost = [...used].filter(([id]) => !ring.includes(id))
  if (lost.length > 0) {
    const count = lost.reduce((sum, [, values]) => sum + values, 0)
    return fail(
      'encryption keys',
      `${count} of ${total} values are encrypted with a key that is not in the ring`,
      'Add the missing key at the end of POMBO_ENCRYPTION_KEYS (or restore the file ' +
        'encryption-keys of the data folder).',
    )
  }
  const old = total - (used.get(ring[0]!) ?? 0)
  const where =
    config.encryptionKeys === undefined ? `in ${config.dataDir}` : 'in POMBO_ENCRYPTION_KEYS'
  return ok(
    'encryption keys',
    `${keys.length} ${where}; they open all ${total} ` +
      `values${old > 0 ? `, ${old} of them still under an older key` : ''}`,
  )
}

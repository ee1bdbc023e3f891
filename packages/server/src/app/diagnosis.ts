import { databaseFindings } from '../cli/doctor/database.ts'
import type { Finding } from '../cli/doctor/finding.ts'
import { replicaFinding } from '../cli/doctor/replica.ts'
import { dnsFinding, exposureFindings, nodeFinding } from '../cli/doctor/host.ts'
import type { Config } from '../config/config.ts'
import { loadOrMakeKeys } from '../db/seal-keys.ts'
import type { Pool } from '../db/pool.ts'
import type { Replica } from '../db/replica.ts'

/** What `pombo doctor` finds, of a Pombo that runs: without what only a start needs. */
export async function diagnosis(
  pool: Pool,
  config: Config,
  replica: Replica | undefined,
): Promise<Finding[]> {
  const keys = config.encryptionKeys ?? (await loadOrMakeKeys(config.dataDir))
  return [
    nodeFinding(),
    ...exposureFindings(config),
    await dnsFinding(),
    ...(await databaseFindings(pool, config, keys)),
    ...(replica ? [replicaFinding(replica.state, config)] : []),
  ]
}

import { randomBytes } from 'node:crypto'
import type { BrokerPort } from '../api/sources/broker.ts'
import type { Config } from '../config/config.ts'
import type { Seal } from '../db/seal.ts'
import type { Network } from '../destinations/contract/network.ts'
import type { Log } from '../observe/log.ts'
import { BrokerReaders, type BrokerReadersDeps } from '../sources/broker/readers/readers.ts'
import { version } from '../version.ts'

interface Parts extends Pick<BrokerReadersDeps, 'pool' | 'intake' | 'metrics'> {
  engine: { lease: BrokerReadersDeps['lease'] }
  nodeName: string
  log: Log
}

/** What reads the brokers of the API's sources on this node, and what the API tries their settings with. */
export function openBrokers(
  config: Config,
  { seal, network }: { seal: Seal; network: Network },
  { engine, nodeName, log, ...parts }: Parts,
): { readers: BrokerReaders; port: BrokerPort } {
  const clientName = `Pombo ${version}`
  const readers = new BrokerReaders({
    ...parts,
    seal,
    network,
    clientName,
    lease: engine.lease,
    leaseMs: config.leaseMs,
    maxBodyBytes: config.maxBodyBytes,
    // Containers that share a host name share process ids, too.
    reader: `${nodeName}:${randomBytes(4).toString('hex')}`,
    log: (message, error) =>
      error === undefined ? log.main.warn(message) : log.main.error({ err: error }, message),
  })
  return { readers, port: { network, clientName, changed: () => readers.look() } }
}

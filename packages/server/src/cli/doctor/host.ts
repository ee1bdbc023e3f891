import { access, constants, stat, statfs } from 'node:fs/promises'
import { lookup } from 'node:dns/promises'
import { dirname, resolve } from 'node:path'
import type { Config } from '../../config/config.ts'
import { errorMessage } from '../../core/thrown.ts'
import { addressProblem, clientAddress } from '../address.ts'
import { socketProblem } from '../socket.ts'
import { fail, type Finding, finding, ok, warn } from './finding.ts'
import type { FindingCode } from './sentences.ts'

const GIB = 1_073_741_824

export function nodeFinding(): Finding {
  const version = process.versions.node
  return Number.parseInt(version, 10) >= 24
    ? finding('ok', 'node', 'node', { version })
    : finding('fail', 'node', 'node_old', { version })
}

/** The data folder: only where the embedded server will use it. */
export async function dataFolderFindings({ dataDir }: Config): Promise<Finding[]> {
  const folder = resolve(dataDir)
  const existing = await nearestExisting(folder)
  const writable = await access(existing, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
  if (!writable)
    return [
      fail(
        'data folder',
        `${existing} cannot be written by this user`,
        'Give it to the user that runs Pombo, or choose another with POMBO_DATA_DIR.',
      ),
    ]
  const { bavail, bsize } = await statfs(existing)
  const freeBytes = bavail * bsize
  const free = `${(freeBytes / GIB).toFixed(1)} GiB free`
  const space =
    freeBytes < GIB / 4
      ? fail(
          'disk space',
          free,
          'Make room: PostgreSQL stops when the disk is full, and nothing is accepted then.',
        )
      : freeBytes < 2 * GIB
        ? warn('disk space', free, 'Make room, or lower POMBO_RETENTION_DAYS.')
        : ok('disk space', free)
  return [
    ok('data folder', existing === folder ? folder : `${folder} (made at the first start)`),
    space,
  ]
}

async function nearestExisting(folder: string): Promise<string> {
  const found = await stat(folder).then(
    (entry) => entry.isDirectory(),
    () => false,
  )
  return found || dirname(folder) === folder ? folder : await nearestExisting(dirname(folder))
}

/** Whether the address can be listened on, or a Pombo already does. */
export async function listenFinding({ listen }: Config): Promise<Finding> {
  const address = clientAddress(listen)
  if ('socket' in listen) {
    const taken = await socketProblem(listen.socket, 'POMBO_LISTEN', true)
    return taken === undefined
      ? ok('address', `${address} is free`)
      : warn('address', address, taken)
  }
  if (await isPombo(`http://${address}`)) return ok('address', `a Pombo answers at ${address}`)
  const problem = await addressProblem(listen, 'POMBO_LISTEN')
  return problem === undefined
    ? ok('address', `${address} is free`)
    : fail('address', address, problem)
}

async function isPombo(url: string): Promise<boolean> {
  return await fetch(`${url}/api/v1/health`, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.status < 300 || response.status === 503,
    () => false,
  )
}

/** Settings that open what is closed by default. */
export function exposureFindings(config: Config): Finding[] {
  const { listen, allowSubnets, httpsOnly, metricsToken, production } = config
  const findings: Finding[] = []
  const everything = allowSubnets.filter((range) => range.endsWith('/0'))
  const metadata = allowSubnets.filter((range) => /^(169\.254|fe80)/i.test(range))
  const guard = (level: Finding['level'], code: FindingCode, ranges: readonly string[]) =>
    findings.push(finding(level, 'address guard', code, { ranges: ranges.join(', ') }))
  if (everything.length > 0) guard('warn', 'guard_open', everything)
  else if (metadata.length > 0) guard('warn', 'guard_metadata', metadata)
  else guard('ok', allowSubnets.length === 0 ? 'guard_public' : 'guard_listed', allowSubnets)
  if (production && !httpsOnly) findings.push(finding('warn', 'https', 'https_off'))
  const local = 'socket' in listen || /^(127\.|::1$|localhost$)/.test(listen.host)
  if (!local && metricsToken === undefined)
    findings.push(
      finding('warn', 'metrics', 'metrics_open', { address: `${listen.host}:${listen.port}` }),
    )
  return findings
}

/** Whether names resolve at all: without it nearly every delivery fails. */
export async function dnsFinding(): Promise<Finding> {
  const name = 'example.com'
  const startedAt = performance.now()
  const tooLong = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error('no answer within 5 s')), 5_000).unref(),
  )
  try {
    const { address } = await Promise.race([lookup(name), tooLong])
    const tookMs = Math.round(performance.now() - startedAt)
    const values = { name, address, ms: tookMs }
    return tookMs > 1_000
      ? finding('warn', 'dns', 'dns_slow', values)
      : finding('ok', 'dns', 'dns', values)
  } catch (error) {
    return finding('warn', 'dns', 'dns_away', { reason: errorMessage(error) })
  }
}

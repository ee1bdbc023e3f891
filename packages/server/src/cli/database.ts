import { existsSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import { databaseAddress } from '../core/database-url.ts'
import { errorCode } from '../core/thrown.ts'
import { addressOf, DATABASE } from '../db/embedded/address.ts'
import { startEmbedded } from '../db/embedded/embedded.ts'
import { openPool, type Pool } from '../db/pool.ts'
import { tell } from './output.ts'

export interface OpenDatabase {
  pool: Pool
  url: string
  /** For people: which database it is, without its password. */
  where: string
}

/**
 * Runs `work` on the configured database: the one that DATABASE_URL names, or the embedded one, started for as
 * long as it takes.
 */
export async function withDatabase<T>(
  config: Config,
  work: (database: OpenDatabase) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  if (config.databaseUrl !== undefined) return await withUrl(config.databaseUrl, work)
  const server = await startEmbedded({
    dataDir: config.dataDir,
    log: tell,
    ...(signal && { signal }),
  })
  try {
    return await withPool(server.url, embeddedName(config), work)
  } finally {
    await server.stop()
  }
}

/** The same beside a running Pombo: the embedded server that it has started is asked. Makes no new database. */
export async function withDatabaseInUse<T>(
  config: Config,
  work: (database: OpenDatabase) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  if (config.databaseUrl === undefined && !hasEmbedded(config.dataDir))
    throw new Error(
      `There is no database in ${config.dataDir}. Name its folder with POMBO_DATA_DIR, or set DATABASE_URL.`,
    )
  try {
    return await withDatabase(config, work, signal)
  } catch (error) {
    if (!isInUse(error)) throw error
  }
  return await withPool(await runningEmbedded(config.dataDir), embeddedName(config), work)
}

/** Runs `work` on a database that a command line names. */
export async function withUrl<T>(
  url: string,
  work: (database: OpenDatabase) => Promise<T>,
): Promise<T> {
  return await withPool(url, nameOf(url), work)
}

/** True where an embedded server's data lie in the folder. */
export function hasEmbedded(dataDir: string): boolean {
  return existsSync(join(resolve(dataDir), 'postgres'))
}

/** The address of the embedded server that a running Pombo has started. */
export async function runningEmbedded(dataDir: string): Promise<string> {
  return addressOf(join(await realpath(resolve(dataDir)), 'postgres')).url(DATABASE)
}

/** True of the refusal to start the embedded server because another Pombo has its folder. */
export function isInUse(error: unknown): boolean {
  return errorCode(error) === 'embedded_in_use'
}

async function withPool<T>(
  url: string,
  where: string,
  work: (database: OpenDatabase) => Promise<T>,
): Promise<T> {
  const pool = openPool(url, 4, 'pombo-cli')
  try {
    return await work({ pool, url, where })
  } finally {
    await pool.end()
  }
}

const embeddedName = ({ dataDir }: Config): string => `the embedded database in ${dataDir}`

/** `pombo at db.example.com:5432`. */
export function nameOf(databaseUrl: string): string {
  const { hosts, urls } = databaseAddress(databaseUrl)
  const name = decodeURIComponent(new URL(urls[0]!).pathname.slice(1)) || 'the default database'
  return `${name} at ${hosts.filter(Boolean).join(',') || 'this machine'}`
}

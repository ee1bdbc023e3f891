import { readdirSync, readFileSync } from 'node:fs'
import type { Pool } from '../../src/db/pool.ts'

/** What PostgreSQL did since the look before. */
export interface DatabaseWork {
  /** Of all of its processes; undefined where they are not on this machine. */
  cpuMs: number | undefined
  walBytes: number
  /** Pages asked for, of all tables and indexes of the databases that Pombo and the bare loop have. */
  pages: number
}

interface Look {
  cpuMs: Map<number, number> | undefined
  lsn: string
  pages: number
}

/**
 * Reads what PostgreSQL's processes have used (the server's children, from `/proc`) and how far its log has grown.
 * Neither depends on what else runs on the machine.
 */
export async function openDatabaseMeter(
  pool: Pool,
): Promise<{ since: (before: Look) => Promise<DatabaseWork>; look: () => Promise<Look> }> {
  const { rows } = await pool.query<{ pid: number }>('select pg_backend_pid() as pid')
  const parent = parentOf(rows[0]!.pid)
  const look = async (): Promise<Look> => {
    const found = await pool.query<{ lsn: string; pages: number }>(
      `select pg_current_wal_lsn()::text as lsn, sum(blks_hit + blks_read)::float8 as pages from pg_stat_database`,
    )
    return { cpuMs: parent === undefined ? undefined : usedBy(parent), ...found.rows[0]! }
  }
  return {
    look,
    async since(before) {
      const after = await look()
      const grown = await pool.query<{ bytes: number }>(
        'select pg_wal_lsn_diff($1, $2)::float8 as bytes',
        [after.lsn, before.lsn],
      )
      let cpuMs: number | undefined
      if (before.cpuMs && after.cpuMs) {
        cpuMs = 0
        for (const [pid, ms] of after.cpuMs) cpuMs += ms - (before.cpuMs.get(pid) ?? 0)
      }
      return { cpuMs, walBytes: grown.rows[0]!.bytes, pages: after.pages - before.pages }
    },
  }
}

/** The postmaster, if the backend is a process of this machine. */
function parentOf(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return /^Name:\s+postgres/m.test(status)
      ? Number(/^PPid:\s+(\d+)/m.exec(status)![1])
      : undefined
  } catch {
    return undefined
  }
}

function usedBy(parent: number): Map<number, number> {
  const used = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8')
      if (Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) !== parent) continue
      const ns = Number(readFileSync(`/proc/${name}/schedstat`, 'utf8').split(' ')[0])
      used.set(Number(name), ns / 1e6)
    } catch {
      // It has ended meanwhile.
    }
  }
  return used
}

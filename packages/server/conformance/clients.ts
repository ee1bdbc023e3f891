import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Releases of the official client, one of each generation of its code. */
export const versions = ['1.15.0', '1.42.0', '1.64.1', '1.99.1', '2.5.0']

const folder = join(import.meta.dirname, '../../../node_modules/.cache/svix-clients')

/** A client of any generation: what it can do is looked up by name. */
export type Client = Record<string, unknown>

/** Installs a release of the client where it is not yet, and opens it on a server. */
export async function openClient(version: string, url: string, key: string): Promise<Client> {
  const home = join(folder, version)
  if (!existsSync(join(home, 'node_modules/svix'))) {
    await mkdir(home, { recursive: true })
    await writeFile(join(home, 'package.json'), '{"private":true}')
    await promisify(execFile)(
      'npm',
      ['install', '--no-audit', '--no-fund', '--ignore-scripts', `svix@${version}`],
      { cwd: home },
    )
  }
  const { Svix } = createRequire(join(home, 'package.json'))('svix') as {
    Svix: new (key: string, options: object) => Client
  }
  // Newer ones try a 5xx again, and a 501 stays one.
  return new Svix(key, { serverUrl: url, retryScheduleInMs: [] })
}

/** Whether the client has the method, such as `endpoint.transformation.get`. */
export function has(client: Client, method: string): boolean {
  return typeof find(client, method).fn === 'function'
}

/** Calls a method by its name. */
export async function call(client: Client, method: string, ...args: unknown[]): Promise<unknown> {
  const { holder, fn } = find(client, method)
  return await (fn as (...args: unknown[]) => unknown).apply(holder, args)
}

function find(client: Client, method: string): { holder: unknown; fn: unknown } {
  const names = method.split('.')
  const last = names.pop()!
  let holder: unknown = client
  for (const name of names) holder = (holder as Record<string, unknown> | undefined)?.[name]
  return { holder, fn: (holder as Record<string, unknown> | undefined)?.[last] }
}

/** Every method that a client has, groups within groups. */
export function methodsOf(client: object, prefix = '', depth = 0): string[] {
  const prototype = Object.getPrototypeOf(client) as object
  const own = client as Record<string, unknown>
  return [...Object.getOwnPropertyNames(prototype), ...Object.keys(client)].flatMap((name) => {
    if (name === 'constructor' || /^_|request|api$|configuration/i.test(name)) return []
    const member = own[name]
    if (typeof member === 'function') return [prefix + name]
    const isGroup = typeof member === 'object' && member !== null && depth < 4
    return isGroup && !Array.isArray(member)
      ? methodsOf(member, `${prefix}${name}.`, depth + 1)
      : []
  })
}

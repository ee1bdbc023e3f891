import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../../core/thrown.ts'

/** A file of the build as it goes out: packed where the client takes that and the build holds it packed. */
export interface BuiltFile {
  bytes: Buffer
  type: string
  etag: string
  encoding: 'br' | 'gzip' | undefined
  /** Its name holds a hash of its content: it never changes. */
  hashed: boolean
}

const types: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  ico: 'image/x-icon',
  jpg: 'image/jpeg',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  map: 'application/json',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  wasm: 'application/wasm',
  webmanifest: 'application/manifest+json',
  webp: 'image/webp',
  woff2: 'font/woff2',
}

/**
 * The folder of the dashboard's build: beside the bundle, or in the workspace when run from source; undefined: it was
 * not built.
 */
export function findDashboard(): string | undefined {
  const bundled = join(import.meta.dirname, 'dashboard')
  const built = join(import.meta.dirname, '../../../../dashboard/dist')
  return [bundled, built].find((folder) => existsSync(join(folder, 'index.html')))
}

/** What the build's own names look like; nothing else is ever looked for, so no path leads out of the folder. */
const part = /^[\w@~-][\w.@~-]*$/

/**
 * Reads a file by its path in the address; undefined: there is none. Read anew each time, since a build may be made
 * while Pombo runs; the system keeps such files in memory.
 */
export async function readBuilt(
  folder: string,
  path: string,
  accepted: string | undefined,
): Promise<BuiltFile | undefined> {
  const parts = path.replace(/^\//, '').split('/')
  if (!parts.every((one) => part.test(one))) return undefined
  const type = types[/\.(\w+)$/.exec(path)?.[1] ?? '']
  if (type === undefined) return undefined
  const file = join(folder, ...parts)
  const packed = [
    ...(accepts(accepted, 'br') ? ([['br', `${file}.br`]] as const) : []),
    ...(accepts(accepted, 'gzip') ? ([['gzip', `${file}.gz`]] as const) : []),
  ]
  for (const [encoding, name] of [...packed, [undefined, file] as const]) {
    const found = await content(name)
    if (found !== undefined)
      return { ...found, type, encoding, hashed: parts.length > 1 && parts[0] === 'assets' }
  }
  return undefined
}

async function content(name: string): Promise<{ bytes: Buffer; etag: string } | undefined> {
  try {
    await using file = await open(name)
    const { size, mtimeMs } = await file.stat()
    const bytes = await file.readFile()
    return { bytes, etag: `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"` }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errorCode(error))) return undefined
    throw error
  }
}

function accepts(header: string | undefined, encoding: string): boolean {
  return (header ?? '').split(',').some((one) => {
    const [name, ...rest] = one.trim().split(/\s*;\s*/)
    return name === encoding && !rest.some((value) => /^q=0(?:\.0*)?$/.test(value))
  })
}

// `pombo serve` as a process of its own, in a folder of the test's, and its API.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { type CliProcess, endAll, pombo } from './cli-process.ts'

export const apiKey = 'a-key-for-tests-0123456789'

/** What a test on this machine needs of a server, and what may be named again. */
export const settings = {
  POMBO_LISTEN: '127.0.0.1:0',
  POMBO_ALLOW_SUBNETS: '127.0.0.0/8',
  POMBO_API_KEY: apiKey,
  POMBO_LOG_LEVEL: 'warn',
}

export interface Served {
  process: CliProcess
  url: string
}

/**
 * A folder for each test, gone after it, and before that what was started in it. Called below the hooks of what those
 * processes use: what is set up last is ended first.
 */
export function folderPerTest(): () => string {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pombo-e2e-'))
  })
  afterEach(async () => {
    await endAll()
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  })
  return () => folder
}

/** Resolves when it listens. */
export async function serve(
  folder: string,
  env: Record<string, string> = {},
  options: { main?: string; detached?: boolean; stdout?: number } = {},
): Promise<Served> {
  const process = pombo(['serve'], { ...settings, ...env }, { cwd: folder, ...options })
  const [, url] = await process.printed(/Pombo listens at (http:\S+)/)
  return { process, url: url! }
}

/** Rejects for every answer that is no 2xx. */
export async function call<T = { id: string }>(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  key = apiKey,
): Promise<T> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return (text === '' ? undefined : JSON.parse(text)) as T
}

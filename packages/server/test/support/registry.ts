import { randomBytes } from 'node:crypto'
import { SystemClock } from '../../src/core/clock.ts'
import { generateSecret, parseOpaqueSecret, parseSecret } from '../../src/core/secret.ts'
import type { Pool } from '../../src/db/pool.ts'
import { createSeal, type Seal } from '../../src/db/seal.ts'
import type { EndpointRules } from '../../src/registry/endpoints/settings.ts'
import { createRegistry, type Registry } from '../../src/registry/registry.ts'

/** Rules that let everything through which the test's own names do not forbid. */
export const openRules: EndpointRules = {
  checkUrl: (url) => (url.includes('forbidden') ? 'leads to a forbidden address' : undefined),
  checkTransform: () => undefined,
  checkFilter: (expression) => (expression === 'broken(' ? 'is not an expression' : undefined),
  parseSecret: (dialect, text) =>
    dialect === 'standard' ? parseSecret(text) : parseOpaqueSecret(text),
  generateSecret: (dialect) => (dialect === 'zaphub' ? null : generateSecret('v1')),
}

export function randomKey(): string {
  return randomBytes(32).toString('base64')
}

/** A registry of its own over the pool, as another node would have it. */
export function testRegistry(
  pool: Pool,
  options: {
    seal?: Seal
    cacheBytes?: number
    report?: (error: unknown, about: string) => void
  } = {},
): Registry {
  return createRegistry({
    pool,
    seal: options.seal ?? createSeal([randomKey()]),
    clock: new SystemClock(),
    rules: openRules,
    ...(options.cacheBytes !== undefined && { cacheBytes: options.cacheBytes }),
    ...(options.report && { report: options.report }),
  })
}

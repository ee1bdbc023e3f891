import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Pombo's own, from its package.json; the built code lies as deep as the source. */
export const version = (
  JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
    version: string
  }
).version

// The drawings of the docs are what their source says.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { drawn } from '../../../../scripts/drawings.mjs'

const folder = join(import.meta.dirname, '../../../../docs/drawings')

test('the drawings are what their source says, in both languages (renew them: node scripts/drawings.mjs)', () => {
  const made = drawn()
  expect(globSync('*', { cwd: folder }).toSorted()).toEqual(made.map(([name]) => name).toSorted())
  for (const [name, text] of made) expect(readFileSync(join(folder, name), 'utf8'), name).toBe(text)
})

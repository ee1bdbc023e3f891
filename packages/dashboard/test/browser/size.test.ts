// What a browser has to load before the first page can show anything.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const dist = join(import.meta.dirname, '../../dist')
const KIB = 1_024

test('the first scripts are 250 KB at most, packed by gzip, which every browser takes', async () => {
  const page = await readFile(join(dist, 'index.html'), 'utf8')
  const scripts = [...page.matchAll(/(?:src|href)="(\/[^"]+\.js)"/g)].map(([, path]) => path!)
  expect(scripts.length).toBeGreaterThan(0)
  const sizes = await Promise.all(
    scripts.map(async (path) => {
      const packed = await stat(join(dist, `${path}.gz`)).catch(() => stat(join(dist, path)))
      return packed.size
    }),
  )
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(250 * KIB)
})

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { getHeapSpaceStatistics } from 'node:v8'
import { expect, test } from 'vitest'
import { keepStartSmall } from './small-start.ts'

const youngBytes = () =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')!.space_size

test('what a start made V8 lay out for young objects is given back, and nothing else is left of it', () => {
  const done = keepStartSmall()
  let kept: object[] = []
  while (youngBytes() < 16 << 20 && kept.length < 2_000_000) kept.push({ of: kept.length })
  const before = youngBytes()
  kept = []
  done()
  expect(youngBytes()).toBeLessThan(before / 2)
  expect(globalThis).not.toHaveProperty('gc')
})

test('nothing is optimised during a start, and everything after it', () => {
  const file = join(import.meta.dirname, 'small-start.ts')
  // 16: the function is optimised.
  const program = `
    const { keepStartSmall } = await import(${JSON.stringify(file)})
    const busy = (from) => { let sum = 0; for (let i = from; i < from + 1000; i++) sum += i % 7; return sum }
    const run = async () => {
      for (let i = 0; i < 60; i++) {
        for (let k = 0; k < 200; k++) busy(i)
        await new Promise(setImmediate)
      }
      console.log(%GetOptimizationStatus(busy) & 16)
    }
    const done = keepStartSmall()
    await run()
    done()
    await run()`
  const args = ['--allow-natives-syntax', '--input-type=module', '--eval', program]
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('0\n16\n')
})

// Says which test is asking, to what writes statements down (scripts/record-statements.mjs), and what each took of a
// core.
import { appendFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { afterAll, afterEach, beforeEach, expect } from 'vitest'
import { testsOnSecondPostgres } from './second-postgres.ts'

const root = join(import.meta.dirname, '../../../..')
const file = relative(root, expect.getState().testPath!)
const spent = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
const write = (what: object) =>
  appendFileSync(
    `${process.env['POMBO_RECORD_STATEMENTS']}/spent.${process.pid}.jsonl`,
    `${JSON.stringify(what)}\n`,
  )

const named = testsOnSecondPostgres(basename(file, '.test.ts'))
const fileFrom = spent()
let testFrom = fileFrom
process.env['POMBO_RECORDED_TEST'] = file

beforeEach(({ task }) => {
  testFrom = spent()
  process.env['POMBO_RECORDED_TEST'] = `${file} > ${task.fullTestName}`
})
afterEach(({ task: { fullTestName, name } }) =>
  write({
    by: `${file} > ${fullTestName}`,
    cpu: spent() - testFrom,
    both: named?.some((part) => name.includes(part)),
    wholeFile: named?.includes(''),
  }),
)
afterAll(() => write({ by: file, cpu: spent() - fileFrom }))

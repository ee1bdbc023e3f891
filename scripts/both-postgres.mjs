// npm run both-postgres: which of Pombo's own statements are asked by none of the tests that run on the second PostgreSQL
// of CI too (packages/server/test/support/second-postgres.ts), and which of those tests ask nothing that others do not.
// Records what each integration test asks (scripts/record-statements.mjs), on the embedded PostgreSQL: 20 minutes of two cores.
// With a folder's name it looks again at what was recorded there.
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const folder = process.argv[2] ?? record()
const lines = (pattern) =>
  globSync(join(folder, pattern)).flatMap((path) =>
    readFileSync(path, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line)),
  )
const fileOf = (by) => by.split(' > ')[0]

/** Seconds of a core; of a file, all of it. */
const spent = new Map()
const chosen = new Set()
const byName = new Set()
for (const { by, cpu, both, wholeFile } of lines('spent.*.jsonl')) {
  spent.set(by, cpu)
  if (both) chosen.add(by).add(fileOf(by))
  if (both && !wholeFile) byName.add(by)
}
/** By statement, who asks it. What a file asks before its tests, each of them has asked. */
const asked = new Map()
for (const { by, text } of lines('[0-9]*.jsonl')) {
  const statement = shapeOf(text)
  asked.set(statement, (asked.get(statement) ?? new Set()).add(by))
}

const missing = [...asked].filter(([, by]) => ![...by].some((one) => chosen.has(one)))
for (const [statement, by] of missing) {
  const cheapest = [...by].toSorted((a, b) => (spent.get(a) ?? 0) - (spent.get(b) ?? 0))
  console.log(`not asked: ${statement.slice(0, 160)}\n  but by ${cheapest.slice(0, 3).join('\n      or ')}`)
}
for (const test of byName) {
  const own = [...asked.values()].filter((by) => by.has(test) && [...by].every((one) => one === test || !chosen.has(one)))
  if (own.length === 0)
    console.log(`asks nothing that others do not: ${test} (${spent.get(test)?.toFixed(1)} s)`)
}
console.log(`${asked.size} statements, ${missing.length} of them not on both; recorded in ${folder}`)
process.exitCode = missing.length > 0 ? 1 : 0

function record() {
  const made = mkdtempSync(join(tmpdir(), 'pombo-statements-'))
  spawnSync('vitest', ['run', '--project', 'integration'], {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      POMBO_RECORD_STATEMENTS: made,
      NODE_OPTIONS: `--import=${join(root, 'scripts/record-statements.mjs')}`,
    },
    shell: process.platform === 'win32',
  })
  return made
}

/** Without what a call fills in: values, names of days and of others' tables, how many rows, which columns are set. */
function shapeOf(text) {
  const columns = /"?\w+"? = (?:\$(?:::[\w[\]]+)?|now\(\))/
  return text
    .replace(/--[^\n]*/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/\$\d+/g, '$')
    .replace(/_[0-9a-f]{6,}\b|_\d+\b/g, '_N')
    .replace(/'[0-9a-fA-F/-]*\d[0-9a-fA-F/-]*'/g, "'N'")
    .replace(/(?<!\w)\d+/g, 'N')
    .replace(/(\$(::[\w[\]]+)?)(, \$(::[\w[\]]+)?)+/g, '$1')
    .replace(/(\([^()]*\$[^()]*\))(, ?\([^()]*\$[^()]*\))+/g, '$1')
    .replace(/^(create or replace trigger) .*/, '$1')
    .replace(/^(insert into \S+) \([^()]*\) values \(\$\)/, '$1 values')
    .replace(/do update set (?:"?\w+"? = [\w".]+,? ?)+/, 'do update set ')
    .replace(new RegExp(`^(update \\S+) set ${columns.source}(?:, ${columns.source})* where`), '$1 set where')
    .trim()
}

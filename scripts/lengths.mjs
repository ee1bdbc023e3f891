// No line of over 120 characters in TypeScript, and no source file of over 300 lines whose first line is not a
// comment that says why. scripts/lengths-known.json lists what was longer when the check came, and may only shrink.
// `node scripts/lengths.mjs --renew` writes the list anew.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const LINE = 120
const FILE = 300
const root = join(import.meta.dirname, '..')
const listFile = join(root, 'scripts/lengths-known.json')

const args = ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx']
const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8' })
const long = {}
for (const path of listed.split('\n').filter((one) => one !== '' && existsSync(join(root, one)))) {
  const lines = readFileSync(join(root, path), 'utf8').trimEnd().split('\n')
  const over = lines.filter((line) => line.length > LINE).length
  // What a program wrote is read by programs; a catalogue of words has a text a line.
  if (/schema\.d\.ts$|dashboard\/src\/words\//.test(path)) continue
  if (over > 0) long[path] = { ...long[path], lines: over }
  const isTest = /\/test\/|\.test\.ts$/.test(path)
  // A reason stands above everything, by itself; `/**` is what documents the first declaration.
  const hasReason = /^\/\/ \S/.test(lines[0])
  if (!isTest && lines.length > FILE && !hasReason) long[path] = { ...long[path], length: lines.length }
}

if (process.argv.includes('--renew')) {
  writeFileSync(listFile, `${JSON.stringify(long, null, 2)}\n`)
  process.exit()
}
const known = existsSync(listFile) ? JSON.parse(readFileSync(listFile, 'utf8')) : {}
const problems = []
for (const path of Object.keys(long)) {
  for (const [what, found] of [
    ['lines', (count) => `${count} lines of over ${LINE} characters`],
    ['length', (count) => `${count} lines, over ${FILE}, and its first line is no comment that says why`],
  ]) {
    const [now = 0, before = 0] = [long[path]?.[what], known[path]?.[what]]
    if (now > before) problems.push(`${path}: ${found(now)}${before > 0 ? ` (known: ${before})` : ''}`)
  }
}
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1

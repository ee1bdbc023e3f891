// No line of over 120 characters in TypeScript, and no source file of over 300 lines whose first line is not a
// comment that says why.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const LINE = 120
const FILE = 300
const root = join(import.meta.dirname, '..')

const args = ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx']
const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8' })
const problems = []
for (const path of listed.split('\n').filter((one) => one !== '' && existsSync(join(root, one)))) {
  // What a program wrote is read by programs; a catalogue of words has a text a line.
  if (/schema\.d\.ts$|dashboard\/src\/words\//.test(path)) continue
  const lines = readFileSync(join(root, path), 'utf8').trimEnd().split('\n')
  for (const [i, line] of lines.entries())
    if (line.length > LINE) problems.push(`${path}:${i + 1}: over ${LINE} characters`)
  const isTest = /\/test\/|\.test\.ts$/.test(path)
  // A reason stands above everything, by itself; `/**` is what documents the first declaration.
  const hasReason = /^\/\/ \S/.test(lines[0])
  if (!isTest && lines.length > FILE && !hasReason)
    problems.push(`${path}: ${lines.length} lines, over ${FILE}, and its first line is no comment that says why`)
}
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1

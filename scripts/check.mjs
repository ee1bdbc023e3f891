// `npm run check`: format, lint, types (the dashboard's are `web`), unit tests, dead code, spelling and lengths, side by
// side. A line a step; what a step says is shown only when it fails. The long ones come first and the cheap ones fill the
// gaps. `npm run check -- types unit` runs only these. Each step looks at what has changed since it last passed, and in
// CI at everything: there the linter, which reads all types anyway, says what is wrong with them (11 s of a core for what
// takes the compiler 44), and `types` and `web` are left to it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const spellingCache = 'node_modules/.cache/cspell'
const steps = {
  unit: ['node', 'scripts/unit.mjs'],
  lint: ['node', 'scripts/lint.mjs'],
  dead: ['knip', '--cache'],
  types: ['tsc', '-p', 'tsconfig.json'],
  web: ['tsc', '-p', 'packages/dashboard/tsconfig.json'],
  spelling: ['cspell', '--no-progress', '--no-summary', '--cache', '--cache-location', spellingCache],
  format: ['biome', 'format', '.'],
  lengths: ['node', 'scripts/lengths.mjs'],
}
const AT_A_TIME = 3

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !Object.hasOwn(steps, name))
if (unknown.length > 0) {
  console.error(`no step is called ${unknown.join(', ')}; there are ${Object.keys(steps).join(', ')}`)
  process.exit(2)
}
const byDefault = (name) => !(process.env.CI && ['types', 'web'].includes(name))
const waiting = Object.entries(steps).filter(([name]) => (asked.length === 0 ? byDefault(name) : asked.includes(name)))
const startedAt = performance.now()
const failed = []

await Promise.all(Array.from({ length: AT_A_TIME }, runSteps))
console.log(
  failed.length === 0
    ? `all is well, after ${seconds(startedAt)}`
    : `failed after ${seconds(startedAt)}: ${failed.join(', ')}`,
)
process.exitCode = failed.length === 0 ? 0 : 1

async function runSteps() {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) await runStep(...step)
}

async function runStep(name, [program, ...args]) {
  const begun = performance.now()
  const bin = join(root, 'node_modules/.bin')
  const child = spawn(program, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env.PATH}`,
      FORCE_COLOR: process.stdout.isTTY ? '1' : '0',
    },
    shell: process.platform === 'win32', // the programs are .cmd files there
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text))
  const code = await once(child, 'close').then(
    ([status]) => status,
    (error) => {
      output += error.message
      return 1
    },
  )
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(9)}${seconds(begun).padStart(7)}`)
  if (code === 0) return
  failed.push(name)
  console.log(output.trimEnd())
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}

// npm run bench [-- --quick] [--json] [--only throughput,latency] [--attempts 10000000]
// Measures the figures of docs/performance.md. Everything runs on this machine, over loopback, and ends by itself.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { type Figure, figure } from './parts/figure.ts'
import { openStage, type Stage } from './parts/stage.ts'
import { errorMessage } from '../src/core/thrown.ts'
import { backlog } from './backlog.ts'
import { brokers } from './brokers.ts'
import { changedEndpoint } from './changed-endpoint.ts'
import { claimCost } from './claim.ts'
import { drain } from './drain.ts'
import { fanOut } from './fan-out.ts'
import { flip } from './flip.ts'
import { isolation } from './isolation.ts'
import { keptData } from './kept-data.ts'
import { manyEndpoints } from './many-endpoints.ts'
import { nodes } from './nodes.ts'
import { overload } from './overload.ts'
import { soak } from './soak.ts'
import { start } from './start.ts'
import { latency, throughput } from './throughput.ts'
import { waiting } from './waiting.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    attempts: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const say = (line: string) => void (values.json || console.error(line))
const { quick } = values
const attempts = values.attempts === undefined ? undefined : Number(values.attempts)
if (attempts !== undefined && !(Number.isInteger(attempts) && attempts >= 100_000)) {
  console.error('--attempts takes a whole number, 100000 or more.')
  process.exit(2)
}
type Measure<Size> = (stage: Stage, size: Size, say: (line: string) => void) => Promise<Figure[]>
/** A measurement in the size of this run. */
const sized =
  <Size>(measure: Measure<Size>, small: Size, full: Size) =>
  async (stage: Stage) =>
    await measure(stage, quick ? small : full, say)
const many = attempts ?? (quick ? 100_000 : 1_000_000)
const all: Record<string, (stage: Stage) => Promise<Figure[]>> = {
  throughput: sized(throughput, { rounds: 2, events: 8_000 }, { rounds: 10, events: 20_000 }),
  latency: sized(latency, { seconds: 5 }, { seconds: 20 }),
  'many-endpoints': sized(
    manyEndpoints,
    { apps: 3_000, rounds: 1, events: 1_000 },
    { apps: 10_000, rounds: 5, events: 20_000 },
  ),
  waiting: sized(waiting, { endpoints: 2_000, seconds: 3 }, { endpoints: 20_000, seconds: 20 }),
  isolation: sized(isolation, { seconds: 3, rounds: 1 }, { seconds: 10, rounds: 3 }),
  'fan-out': sized(fanOut, { endpoints: 500, seconds: 6 }, { endpoints: 2_000, seconds: 20 }),
  'changed-endpoint': sized(
    changedEndpoint,
    { endpoints: 1_000, seconds: 6 },
    { endpoints: 5_000, seconds: 20 },
  ),
  backlog: sized(
    backlog,
    { waiting: 100_000, rounds: 2, events: 4_000 },
    { waiting: 1_000_000, rounds: 3, events: 20_000 },
  ),
  claim: sized(
    claimCost,
    { backlogs: [0, 100_000], calls: 20 },
    { backlogs: [0, 100_000, 1_000_000], calls: 30 },
  ),
  'kept-data': sized(
    keptData,
    { attempts: many, calls: 25, seconds: 2 },
    { attempts: many, calls: 300, seconds: 10 },
  ),
  overload: sized(
    overload,
    { events: 8_000, concurrencies: [64, 128, 256] },
    { events: 60_000, concurrencies: [64, 128, 256] },
  ),
  flip: sized(flip, { events: 8_000, quietMs: 3_000 }, { events: 40_000, quietMs: 60_000 }),
  soak: sized(
    soak,
    { fullMs: 6_000, quietMs: 2_000, stretchMs: 2_500 },
    { fullMs: 600_000, quietMs: 60_000, stretchMs: 60_000 },
  ),
  drain: sized(
    drain,
    { one: 6_000, hundred: 6_000, events: 5_000 },
    { one: 200_000, hundred: 200_000, events: 40_000 },
  ),
  brokers: sized(brokers, { events: 2_000 }, { events: 20_000 }),
  start: sized(start, { starts: 2 }, { starts: 10 }),
  nodes: sized(nodes, { rounds: 2, events: 5_000 }, { rounds: 3, events: 20_000 }),
}
if (values.help) {
  console.log(`npm run bench -- [--quick] [--json] [--only ${Object.keys(all).join(',')}]

Compares Pombo with a bare loop (reads a POST, inserts it, POSTs it on, updates it) in the same run, on this machine.
BENCH_DATABASE_URL names a PostgreSQL to use; without it the embedded one is started. --quick takes under three
minutes and is noisier. kept-data fills a history of a million attempts (--quick: 100,000). The full size,
--only kept-data --attempts 10000000, takes about a quarter of an hour and 10 GB of disk.`)
  process.exit(0)
}
const wanted = values.only?.split(',') ?? Object.keys(all)
const unknown = wanted.filter((name) => !(name in all))
if (unknown.length > 0) {
  console.error(
    `There is no benchmark "${unknown.join('", "')}"; there are ${Object.keys(all).join(', ')}.`,
  )
  process.exit(2)
}
const stage = await openStage(say)
const figures: Figure[] = []
const secondsSince = (startedAt: number) => Math.round((performance.now() - startedAt) / 1_000)
const startedAt = performance.now()
try {
  say(`${stage.server}, Node ${process.version}, ${cpus().length} × ${cpus()[0]!.model}`)
  for (const name of wanted) {
    say(name)
    const partStartedAt = performance.now()
    try {
      figures.push(...(await all[name]!(stage)))
    } catch (error) {
      // The others are worth having all the same.
      say(error instanceof Error ? (error.stack ?? error.message) : String(error))
      const detail = errorMessage(error)
      const failed = figure(`${name}: could not be measured`, Number.NaN, '', detail)
      figures.push({ ...failed, goal: 'measured', reached: false })
    }
    say(`  ${secondsSince(partStartedAt)} s`)
  }
} finally {
  await stage.close()
}
if (quick && values.only === undefined)
  figures.push(figure('--quick itself', secondsSince(startedAt), '≤ 180 s', ''))
if (values.json)
  console.log(
    JSON.stringify(
      { server: stage.server, node: process.version, cpus: cpus().length, figures },
      null,
      2,
    ),
  )
else {
  console.log('\n| Figure | Measured | Goal | |\n| --- | --- | --- | --- |')
  for (const figure of figures)
    console.log(
      `| ${figure.name} | ${figure.value.toFixed(2)} ${figure.unit} (${figure.detail}) | ` +
        `${figure.goal} | ${figure.reached ? 'reached' : 'not reached'} |`,
    )
}
process.exit(figures.every((figure) => figure.reached) ? 0 : 1)

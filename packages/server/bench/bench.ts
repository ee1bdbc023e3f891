// npm run bench [-- --quick] [--json] [--only throughput,latency] [--attempts 10000000]
// Measures the figures of docs/performance.md. Everything runs on this machine, over loopback, and ends by itself.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { openStage, type Stage } from './parts/stage.ts'
import { backlog } from './backlog.ts'
import { brokers } from './brokers.ts'
import { claimCost } from './claim.ts'
import { drain } from './drain.ts'
import { flip } from './flip.ts'
import { isolation } from './isolation.ts'
import { keptData } from './kept-data.ts'
import { manyEndpoints } from './many-endpoints.ts'
import { nodes } from './nodes.ts'
import { overload } from './overload.ts'
import { soak } from './soak.ts'
import { start } from './start.ts'
import { type Figure, latency, throughput } from './throughput.ts'

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
const all: Record<string, (stage: Stage) => Promise<Figure[]>> = {
  throughput: (stage) =>
    throughput(stage, quick ? { rounds: 2, events: 8_000 } : { rounds: 10, events: 20_000 }, say),
  latency: (stage) => latency(stage, { seconds: quick ? 5 : 20 }, say),
  'many-endpoints': (stage) =>
    manyEndpoints(
      stage,
      quick
        ? { apps: 3_000, rounds: 1, events: 1_000 }
        : { apps: 10_000, rounds: 5, events: 20_000 },
      say,
    ),
  isolation: (stage) =>
    isolation(stage, quick ? { seconds: 3, rounds: 1 } : { seconds: 10, rounds: 3 }, say),
  backlog: (stage) =>
    backlog(
      stage,
      quick
        ? { waiting: 100_000, rounds: 2, events: 4_000 }
        : { waiting: 1_000_000, rounds: 3, events: 20_000 },
      say,
    ),
  claim: (stage) =>
    claimCost(
      stage,
      quick
        ? { backlogs: [0, 100_000], calls: 20 }
        : { backlogs: [0, 100_000, 1_000_000], calls: 30 },
      say,
    ),
  'kept-data': (stage) =>
    keptData(
      stage,
      quick
        ? { attempts: attempts ?? 100_000, calls: 25, seconds: 2 }
        : { attempts: attempts ?? 1_000_000, calls: 300, seconds: 10 },
      say,
    ),
  overload: (stage) =>
    overload(stage, { events: quick ? 8_000 : 60_000, concurrencies: [64, 128, 256] }, say),
  flip: (stage) =>
    flip(
      stage,
      quick ? { events: 8_000, quietMs: 3_000 } : { events: 40_000, quietMs: 60_000 },
      say,
    ),
  soak: (stage) =>
    soak(
      stage,
      quick
        ? { fullMs: 6_000, quietMs: 2_000, stretchMs: 2_500 }
        : { fullMs: 600_000, quietMs: 60_000, stretchMs: 60_000 },
      say,
    ),
  drain: (stage) =>
    drain(
      stage,
      quick
        ? { one: 6_000, hundred: 6_000, events: 5_000 }
        : { one: 200_000, hundred: 200_000, events: 40_000 },
      say,
    ),
  brokers: (stage) => brokers(stage, { events: quick ? 2_000 : 20_000 }, say),
  start: () => start({ starts: quick ? 2 : 10 }, say),
  nodes: (stage) =>
    nodes(stage, quick ? { rounds: 2, events: 5_000 } : { rounds: 3, events: 20_000 }, say),
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
      const detail = error instanceof Error ? error.message : String(error)
      figures.push({
        name: `${name}: could not be measured`,
        value: Number.NaN,
        unit: '',
        goal: 'measured',
        reached: false,
        detail,
      })
    }
    say(`  ${secondsSince(partStartedAt)} s`)
  }
} finally {
  await stage.close()
}
if (quick && values.only === undefined) {
  const value = secondsSince(startedAt)
  const reached = value <= 180
  figures.push({ name: '--quick itself', value, unit: 's', goal: '≤ 180', reached, detail: '' })
}
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

// npm run chaos [-- --quick] [--json] [--only kill-node,cut] [--seconds 20] [--seed 1]
// Sends numbered events to several Pombos and makes things go wrong; says what was accepted, received, lost and
// repeated. Everything
// runs on this machine, over loopback, on a PostgreSQL of the run's own, and ends by itself.
import { parseArgs } from 'node:util'
import { problems } from './chaos/problems.ts'
import { behindBalancer } from './chaos/balanced.ts'
import { whyNoBalancer } from './chaos/balancer.ts'
import { whyNoDisk } from './chaos/database.ts'
import { failover } from './chaos/failover.ts'
import { oneServer, type Scenario } from './chaos/scenarios.ts'
import { troubled } from './chaos/troubled.ts'
import { upgrade } from './chaos/upgrade.ts'
import { type Result, World } from './chaos/world.ts'

const scenarios: Scenario[] = [...oneServer, ...troubled, ...behindBalancer, failover, upgrade]

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
    rate: { type: 'string', default: '120' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(`npm run chaos -- [--quick] [--json] [--only a,b] [--seconds 20] [--rate 120] [--seed 1] [--keep]

Sends numbered events at a steady rate to three Pombos on one PostgreSQL while things go wrong, to a plain endpoint and
to one that keeps order. Half of the events carry an Idempotency-Key and are repeated until they are answered.
Scenarios, each of about 20 s of load (--quick: 6 s):

${scenarios.map(({ name, about }) => `  ${name.padEnd(14)} ${about}`).join('\n')}

--keep leaves the nodes' logs and says where.

Ends with status 1 when anything accepted was lost or the order was broken, when something came twice in a scenario in
which nothing breaks, when more came twice than was in flight at the kills of nodes, when the service was away for
longer than the scenario allows, or when 3 s after a fault answers took longer than before it (not judged with
--quick); 2 on wrong options.`)
  process.exit(0)
}

const say = (line: string) => void (values.json || console.error(line))
const seconds = Number(values.seconds ?? (values.quick ? 6 : 20))
const [seed, perSecond] = [Number(values.seed), Number(values.rate)]
const wanted = values.only?.split(',') ?? scenarios.map(({ name }) => name)
const unknown = wanted.filter((name) => !scenarios.some((one) => one.name === name))
if (
  unknown.length > 0 ||
  ![seconds, seed, perSecond].every((number) => Number.isInteger(number) && number > 0)
) {
  console.error(
    unknown.length > 0
      ? `There is no scenario "${unknown.join('", "')}"; there are ${scenarios.map(({ name }) => name).join(', ')}.`
      : '--seconds, --rate and --seed take whole numbers above 0.',
  )
  process.exit(2)
}

const results: { scenario: Scenario; result?: Result; problems: string[]; notRun?: string }[] = []
let world: World | undefined
let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (interrupted) process.exit(130)
    interrupted = true
    console.error('Stopping; ending everything that was started.')
    void (world?.close() ?? Promise.resolve()).finally(() => process.exit(130))
  })
}

for (const scenario of scenarios.filter(({ name }) => wanted.includes(name))) {
  const notRun =
    (scenario.diskMib === undefined ? undefined : whyNoDisk()) ??
    (scenario.balanced ? whyNoBalancer() : undefined)
  if (notRun !== undefined) {
    say(`${scenario.name}: NOT RUN: ${notRun}`)
    results.push({ scenario, problems: [], notRun })
    continue
  }
  say(`${scenario.name}: ${scenario.about}`)
  try {
    const opened = await World.open(
      { ...scenario, seconds, perSecond, seed, quick: values.quick, keep: values.keep, say },
      (one) => (world = one),
    )
    const result = await opened.run(scenario.disturb)
    results.push({ scenario, result, problems: problems(scenario, result, values.quick) })
  } catch (error) {
    // Its end is what made it fail; the handler of the signal ends the process.
    if (interrupted) await new Promise(() => {})
    results.push({
      scenario,
      problems: [
        `did not run to its end: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      ],
    })
  } finally {
    await world?.close()
  }
  for (const problem of results.at(-1)!.problems) say(`  ✗ ${problem}`)
}

if (values.json)
  console.log(
    JSON.stringify(
      {
        node: process.version,
        seconds,
        perSecond,
        seed,
        results: results.map(({ scenario, ...rest }) => ({ scenario: scenario.name, ...rest })),
      },
      null,
      2,
    ),
  )
else {
  const ms = (value: number | null) => (value === null ? '–' : `${value} ms`)
  const lines = results.map(({ scenario, result, problems: found, notRun }) => {
    if (!result)
      return [
        scenario.name,
        notRun === undefined ? 'failed' : 'not run',
        ...Array.from({ length: 11 }, () => ''),
      ]
    const cells = [
      result.accepted,
      `${result.received} of ${result.accepted * 2}`,
      result.lost.length,
      result.repeated,
      result.inFlight,
      result.orderBroken.length,
      ms(result.gapMs),
      ms(result.backMs),
      ms(result.takeOverMs),
      ms(result.calmP99Ms),
      ms(result.laterP99Ms),
    ]
    return [scenario.name, found.length === 0 ? 'ok' : 'failed', ...cells.map(String)]
  })
  const head = [
    'Scenario',
    '',
    'accepted',
    'received',
    'lost',
    'repeated',
    'in flight at faults',
    'order broken',
    'longest gap of service',
    'back after',
    'taken over after',
    'p99 of answers before',
    '3 s after a fault',
  ]
  console.log(
    `\n${[head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`,
  )
  const unanswered = results.map(({ result }) => result?.unknown ?? 0).join(', ')
  const storedTwice = results.map(({ result }) => result?.storedTwice ?? 0).join(', ')
  console.log(`
Each event goes to two endpoints. Back after: from the database's first answer to the next event accepted and
received. Taken over after: from the fault to the last arrival of what had been accepted before it.
Unknown to their clients: ${unanswered}; stored though refused: ${storedTwice}.`)
  for (const { scenario, problems: found } of results)
    for (const problem of found) console.log(`${scenario.name}: ${problem}`)
}
process.exit(results.some(({ problems: found }) => found.length > 0) ? 1 : 0)

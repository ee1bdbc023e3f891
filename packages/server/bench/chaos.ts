// npm run chaos [-- --quick] [--json] [--only kill-node,cut] [--seconds 20] [--seed 1]
// Sends numbered events to several Pombos and makes things go wrong; says what was accepted, received, lost and
// repeated. Everything
// runs on this machine, over loopback, on a PostgreSQL of the run's own, and ends by itself.
import { parseArgs } from 'node:util'
import { whyNoDisk } from './chaos/database.ts'
import { type Scenario, scenarios } from './chaos/scenarios.ts'
import { type Result, World } from './chaos/world.ts'

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

Sends numbered events at a steady rate to three Pombos on one PostgreSQL while things go wrong, to a plain endpoint and to one that
keeps order. Half of the events carry an Idempotency-Key and are repeated until they are answered. Scenarios, each of about 20 s of
load (--quick: 6 s):

${scenarios.map(({ name, about }) => `  ${name.padEnd(14)} ${about}`).join('\n')}

--keep leaves the nodes' logs and says where.

Ends with status 1 when anything accepted was lost or the order was broken, when something came twice in a scenario in which nothing
breaks, or when more came twice than was in flight at the kills of nodes; 2 on wrong options.`)
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

/** What is wrong with a result; empty when it is as it should be. */
function problems({ name, clean }: Scenario, result: Result): string[] {
  const found: string[] = []
  const say = (bad: boolean, text: string) => bad && found.push(text)
  say(result.accepted === 0, 'nothing was accepted')
  say(result.lost.length > 0, `${result.lost.length} lost: ${result.lost.slice(0, 10).join(', ')}`)
  say(
    result.orderBroken.length > 0,
    `order broken ${result.orderBroken.length} times: ${result.orderBroken.slice(0, 5).join('; ')}`,
  )
  say(
    result.afterTakeOver > 0,
    `${result.afterTakeOver} sent by a node that had lost them to another`,
  )
  say(clean && result.repeated > 0, `${result.repeated} came twice although nothing broke`)
  say(
    name === 'kill-node' && result.repeated > result.inFlight,
    `${result.repeated} came twice, ${result.inFlight} were in flight`,
  )
  say(result.unrecorded > 0, `${result.unrecorded} were received and not recorded as delivered`)
  say(result.refused > 0, `${result.refused} were still refused when all was well again`)
  return [...found, ...result.notes]
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
  const notRun = scenario.diskMib === undefined ? undefined : whyNoDisk()
  if (notRun !== undefined) {
    say(`${scenario.name}: NOT RUN: ${notRun}`)
    results.push({ scenario, problems: [], notRun })
    continue
  }
  say(`${scenario.name}: ${scenario.about}`)
  try {
    const opened = await World.open(
      { ...scenario, seconds, perSecond, seed, keep: values.keep, say },
      (one) => (world = one),
    )
    const result = await opened.run(scenario.disturb)
    results.push({ scenario, result, problems: problems(scenario, result) })
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
        ...Array.from({ length: 9 }, () => ''),
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
  ]
  console.log(
    `\n${[head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`,
  )
  console.log(`\nEach event goes to two endpoints. Back after: from the database's first answer to the next event accepted and received.
Taken over after: from the fault to the last arrival of what had been accepted before it. Unknown to their clients: ${results.map(({ result }) => result?.unknown ?? 0).join(', ')}; stored though refused: ${results.map(({ result }) => result?.storedTwice ?? 0).join(', ')}.`)
  for (const { scenario, problems: found } of results)
    for (const problem of found) console.log(`${scenario.name}: ${problem}`)
}
process.exit(results.some(({ problems: found }) => found.length > 0) ? 1 : 0)

// The short form of `npm run chaos`: nodes behind HAProxy, a database that fails over, one that is full, crowded or
// restarted. All but the time of answers is judged here, too: loss, repeats, order, and how soon the service is back.
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { whyNoBalancer } from '../../bench/chaos/balancer.ts'
import { whyNoDisk } from '../../bench/chaos/database.ts'
import { whyNoNetwork } from '../../bench/chaos/network.ts'

const chaos = join(import.meta.dirname, '../../bench/chaos.ts')

interface Ran {
  scenario: string
  problems: string[]
  notRun?: string
  result?: {
    accepted: number
    received: number
    lost: string[]
    repeated: number
    inFlight: number
  }
}

async function run(...scenarios: string[]): Promise<Ran[]> {
  const args = [
    '--json',
    '--quick',
    '--seconds',
    '3',
    '--rate',
    '30',
    '--only',
    scenarios.join(','),
  ]
  const { stdout } = await promisify(execFile)(process.execPath, [chaos, ...args], {
    maxBuffer: 16 * 1_048_576,
  }).catch((error: { stdout?: string; stderr?: string }) => {
    if (!error.stdout) throw error
    return { stdout: error.stdout }
  })
  return (JSON.parse(stdout) as { results: Ran[] }).results
}

/** What a machine lacks is said, and in CI it may lack nothing. */
function needs(skip: (why: string) => void, ...reasons: (string | undefined)[]): void {
  const reason = reasons.filter((one) => one !== undefined).join('; ')
  if (reason === '') return
  if (process.env['CI'] === 'true') throw new Error(reason)
  skip(`${reason}; nothing of it was run`)
}

function allWell(ran: Ran[], ...scenarios: string[]): void {
  expect(ran.map(({ scenario }) => scenario).toSorted()).toEqual(scenarios.toSorted())
  for (const { scenario, problems, notRun, result } of ran) {
    expect(notRun, scenario).toBeUndefined()
    expect(problems, scenario).toEqual([])
    expect(result!.received, scenario).toBe(result!.accepted * 2)
  }
}

test('behind HAProxy a node is killed, cut off and rolled: nothing is lost, and only what was in flight comes twice', {
  timeout: 600_000,
}, async ({ skip }) => {
  // In CI each node has a network of its own; elsewhere lines are cut where there can be none.
  needs(skip, whyNoBalancer(), process.env['CI'] === 'true' ? whyNoNetwork() : undefined)
  const scenarios = ['balanced-kill', 'balanced-cut', 'balanced-roll']
  allWell(await run(...scenarios), ...scenarios)
})

test('a primary dies, its synchronous standby is promoted: nothing answered is lost, the old one is not written to', {
  timeout: 600_000,
}, async () => {
  allWell(await run('failover'), 'failover')
})

test('a database that has no connection left or is restarted loses nothing', {
  timeout: 600_000,
}, async () => {
  const scenarios = ['no-connections', 'restarts']
  allWell(await run(...scenarios), ...scenarios)
})

test("a database's disk that is full loses nothing", { timeout: 600_000 }, async ({ skip }) => {
  needs(skip, whyNoDisk())
  allWell(await run('full-disk'), 'full-disk')
})

test('an unknown scenario is refused with the names of those that there are', () => {
  const { status, stderr } = spawnSync(process.execPath, [chaos, '--only', 'flood'], {
    encoding: 'utf8',
  })
  expect(status).toBe(2)
  for (const name of ['balanced-pause', 'failover', 'slow-100', 'rolling'])
    expect(stderr).toContain(name)
})

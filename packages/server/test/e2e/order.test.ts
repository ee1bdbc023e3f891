// Order per key as a property: whatever fails, and whichever node is killed or stands still, the next of a key is
// sent only when the one before was taken.
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'
import { type CliProcess, endAll, pombo } from './cli-process.ts'

const apiKey = 'a-key-for-tests-0123456789'
const keys = ['a', 'b', 'c', 'd']
const perKey = 25

/** What happens to a node when so many requests have come in. */
interface Trouble {
  afterRequests: number
  node: number
  kind: 'kill' | 'stop'
}
const troubles = fc.array(
  fc.record({
    afterRequests: fc.integer({ min: 5, max: 110 }),
    node: fc.integer({ min: 0, max: 1 }),
    kind: fc.constantFrom('kill' as const, 'stop' as const),
  }),
  { minLength: 2, maxLength: 4 },
)

let database: TestDatabase
let receiver: Receiver
afterEach(async () => {
  await endAll()
  await receiver.close()
  await database.drop()
})

interface Node {
  process: CliProcess
  url: string
}

async function serve(env: Record<string, string>): Promise<Node> {
  const process = pombo(['serve'], env)
  const [, url] = await process.printed(/Pombo listens at (http:\S+)/)
  return { process, url: url! }
}

async function post(
  url: string,
  path: string,
  body: unknown,
  key?: string,
): Promise<{ id: string }> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      ...(key !== undefined && { 'idempotency-key': key }),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(5_000),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
  return JSON.parse(text) as { id: string }
}

test('through failures, kills and nodes that stand still, each key arrives in its order and whole', {
  timeout: 600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ troubles, failing: fc.integer({ min: 0, max: 40 }), seed: fc.nat() }),
      (example) => holds(example),
    ),
    { numRuns: 2, endOnFailure: true },
  )
})

async function holds(example: { troubles: Trouble[]; failing: number; seed: number }) {
  database = await createTestDatabase()
  receiver = await startReceiver()
  const env = {
    DATABASE_URL: database.url,
    POMBO_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
    POMBO_LISTEN: '127.0.0.1:0',
    POMBO_ALLOW_SUBNETS: '127.0.0.0/8',
    POMBO_API_KEY: apiKey,
    POMBO_LEASE_MS: '2s',
    POMBO_LOG_LEVEL: 'error',
  }
  // Not both at once: the first makes the key's tenant.
  const nodes = [await serve(env), await serve(env)]
  const { id: app } = await post(nodes[0]!.url, '/app', { name: 'test' })
  await post(nodes[0]!.url, `/app/${app}/endpoint`, {
    url: receiver.url,
    ordering: 'key',
    retrySchedule: Array.from({ length: 60 }, () => 0.02),
    circuit: { failuresToOpen: 10_000 },
  })

  /** The last of each key that the receiver took, and what came before its turn. */
  const taken = new Map<string, number>()
  const outOfTurn: string[] = []
  let random = example.seed
  receiver.answer = ({ body }) => {
    const { key, n } = JSON.parse(body) as { key: string; n: number }
    const last = taken.get(key) ?? -1
    // Again is allowed: its node may have died before it could write that it was taken.
    if (n > last + 1) outOfTurn.push(`${key}: ${n} after ${last}`)
    random = (random * 1_103_515_245 + 12_345) % 2_147_483_648
    if (random % 100 < example.failing) return { status: 500 }
    if (n === last + 1) taken.set(key, n)
    return {}
  }

  let ended = false
  const trouble = (async () => {
    for (const { afterRequests, node, kind } of example.troubles.toSorted(
      (one, other) => one.afterRequests - other.afterRequests,
    )) {
      await until(() => ended || receiver.received.length >= afterRequests, 120_000)
      const { child } = nodes[node]!.process
      if (kind === 'kill') {
        child.kill('SIGKILL')
        nodes[node] = await serve(env)
      } else {
        child.kill('SIGSTOP')
        // Until the other has taken over what it had.
        await until(async () => {
          const { rows } = await database.pool.query(
            'select from node where name like $1 and expires_at > now()',
            [`%:${child.pid}`],
          )
          return rows.length === 0
        }, 60_000)
        child.kill('SIGCONT')
      }
    }
  })()
  // Each is sent in when the one before was accepted, at either node; one that was not answered is sent again under
  // its key.
  await Promise.all(
    keys.map(async (key) => {
      for (let n = 0; n < perKey; n++) {
        const message = { eventType: 'a', payload: { key, n }, orderingKey: key }
        let tried = n
        await until(
          () =>
            post(nodes[tried++ % 2]!.url, `/app/${app}/msg`, message, `${key}-${n}`).then(
              () => true,
              () => false,
            ),
          120_000,
        )
      }
    }),
  )
  const whole = () => keys.every((key) => taken.get(key) === perKey - 1)
  await until(() => outOfTurn.length > 0 || whole(), 120_000)
  ended = true
  await trouble
  expect(outOfTurn).toEqual([])
  await endAll()
  await receiver.close()
  await database.drop()
}

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Pool } from '../db/pool.ts'
import { NodeLease } from './lease.ts'

const leaseMs = 6_000
const startedAt = 1_000_000
let isAway: boolean
let hangs: boolean
let isFull: boolean
let said: string[]

beforeEach(() => {
  vi.useFakeTimers({ now: startedAt })
  isAway = hangs = isFull = false
  said = []
})
afterEach(() => vi.useRealTimers())

/** A database that answers, turns away, or says nothing. */
async function query(): Promise<{ rows: object[] }> {
  if (isAway) throw Object.assign(new Error('turned away'), { code: 'ECONNREFUSED' })
  if (isFull) throw Object.assign(new Error('could not extend file'), { code: '53100' })
  if (hangs) await new Promise(() => {})
  return {
    rows: [{ nodes: [], now_ms: Date.now(), kept: true, version: 1, servesFrom: 0 }],
  }
}

async function start(): Promise<{ lease: NodeLease; lostAfterMs: () => number | undefined }> {
  let lostAt: number | undefined
  const client = { query, release: () => {}, on: () => {}, off: () => {} }
  const lease = new NodeLease({
    pool: { query, connect: async () => client } as unknown as Pool,
    clock: { now: () => Date.now(), monotonic: () => Date.now() },
    nodeName: 'a',
    version: '0',
    schemaVersion: 1,
    leaseMs,
    onLost: () => (lostAt ??= Date.now()),
    onNodes: () => {},
    onSilence: () => {},
    log: (message) => said.push(message),
  })
  await lease.start()
  return { lease, lostAfterMs: () => lostAt && lostAt - startedAt }
}

test('a lease that is kept is not lost', async () => {
  const { lease, lostAfterMs } = await start()
  await vi.advanceTimersByTimeAsync(20 * leaseMs)
  expect([lease.valid(), lostAfterMs(), said]).toEqual([true, undefined, []])
})

test('a database without room for a heartbeat is told of once, and once when it has some', async () => {
  await start()
  isFull = true
  await vi.advanceTimersByTimeAsync(3 * leaseMs)
  expect(said).toEqual([
    'the database has no space left (SQLSTATE 53100): until it takes writes, nothing is accepted or sent',
  ])
  isFull = false
  await vi.advanceTimersByTimeAsync(leaseMs)
  expect(said.slice(1)).toEqual(['the database takes writes again'])
})

test.each(['turns it away', 'says nothing', 'turns it away, and then says nothing'])(
  'it is lost before it has run out for others, where the database %s',
  async (what) => {
    const { lostAfterMs } = await start()
    isAway = what.startsWith('turns')
    hangs = true
    await vi.advanceTimersByTimeAsync(2_500)
    isAway &&= what === 'turns it away'
    await vi.advanceTimersByTimeAsync(2 * leaseMs)
    // Of its own time a tenth is kept back: what is given up then is given up in time.
    expect(lostAfterMs()).toBe(0.9 * leaseMs)
    expect(said).toEqual([])
  },
)

import { expect, test, vi } from 'vitest'
import { uuidv7 } from '../core/id.ts'
import type { Pool } from '../db/pool.ts'
import type { Claim, NodeLease } from '../queue/queue.ts'
import { Recorder } from './record.ts'

const id = uuidv7(0)

function stage() {
  const clock = { now: () => 0, monotonic: () => clock.ms, ms: 1_000_000 }
  const written: number[] = []
  const database = { isAway: false }
  const recorder = new Recorder({
    pool: {
      query: async (asked: string | object) => {
        if (database.isAway) throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' })
        // What has been written of what was in doubt.
        if (typeof asked === 'string') return { rows: [] }
        written.push(recorder.backlog)
        return { rows: [] }
      },
    } as unknown as Pool,
    clock,
    lease: { id, ids: [id] } as unknown as NodeLease,
    unhealthy: () => false,
    onCircuit: () => {},
    onDisable: () => {},
    onSettled: () => {},
    log: (_, error) => expect.fail(String(error)),
  })
  const delivered = ({ ordered = false } = {}) => {
    const claim = {
      deliveryId: uuidv7(0),
      endpoint: { id, url: '' },
      message: { id, tenantId: id, appId: id, eventType: 'a', channels: null, tags: null },
      app: { id, kind: 'app' },
      leasedBy: id,
      attempt: 0,
      trigger: 0,
      ordered,
    } as unknown as Claim
    recorder.record({
      claim,
      outcome: { kind: 'delivered', statusCode: 200, response: '', durationMs: 1 } as never,
      verdict: { kind: 'done' },
      startedAtMs: 0,
    })
  }
  return { recorder, clock, written, delivered, database }
}
const turns = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}
/** One that was written just before, at a time that does not pass by itself. */
async function behindBatch() {
  const staged = stage()
  staged.delivered()
  await turns()
  expect(staged.written).toEqual([1])
  staged.clock.ms = 0
  staged.delivered()
  staged.delivered()
  await turns()
  expect(staged.written).toEqual([1])
  return staged
}

test('behind a batch deliveries gather; one whose ordering key waits for it takes them along at once', async () => {
  const { written, delivered } = await behindBatch()
  delivered({ ordered: true })
  await turns()
  expect(written).toEqual([1, 3])
})

test('a hundred are written without waiting', async () => {
  const { written, delivered } = await behindBatch()
  for (let n = 0; n < 98; n++) delivered()
  await turns()
  expect(written).toEqual([1, 100])
})

test('a node that stops writes what has gathered', async () => {
  const { recorder, written } = await behindBatch()
  expect(await recorder.stop(60_000)).toBe(0)
  expect(written).toEqual([1, 2])
})

test('a node that stops when the database has just come back does not wait to write', async () => {
  vi.useFakeTimers()
  try {
    const { recorder, database, delivered } = stage()
    database.isAway = true
    delivered()
    // By then it tries every two seconds, and did so 0.85 s before.
    await vi.advanceTimersByTimeAsync(20_000)
    database.isAway = false
    const stopped = recorder.stop(1_000)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await stopped).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

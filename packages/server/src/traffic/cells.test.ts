import { expect, test } from 'vitest'
import { Cells, none, otherTypes, Sums } from './cells.ts'
import type { Attempt } from './event.ts'

const base = { tenantId: 't', appId: 'a', eventType: 'x' }
const attempt: Attempt = {
  ...base,
  endpointId: 'e',
  messageId: 'm',
  durationMs: 40,
  onTheWayMs: 45,
  closed: 'delivered',
  failure: null,
}

test('an event counts once for its type, its app and its tenant, and an attempt for its endpoint too', () => {
  const cells = new Cells()
  cells.message({ ...base, discarded: 0 }, 60_000)
  cells.attempt(attempt, 61_000)
  cells.attempt({ ...attempt, closed: null, failure: { cause: 'c', attemptId: 'i' } }, 62_000)
  const rows = cells.take()
  const of = (appId: string, endpointId: string, eventType: string) => {
    const found = rows.filter(
      (row) => row.appId === appId && row.endpointId === endpointId && row.eventType === eventType,
    )
    expect(found).toHaveLength(1)
    return found[0]!
  }
  expect(rows).toHaveLength(5)
  for (const row of [
    of('a', none, ''),
    of('a', none, 'x'),
    of(none, none, ''),
    of(none, none, 'x'),
  ])
    expect(row).toMatchObject({
      messages: 1,
      delivered: 1,
      attempts: 2,
      failedAttempts: 1,
      atMs: 60_000,
    })
  expect(of('a', 'e', '')).toMatchObject({ messages: 0, delivered: 1, attempts: 2 })
  expect(cells.take()).toEqual([])
})

test('event types without end are a bounded number of rows, and none of their events is lost', () => {
  const cells = new Cells()
  for (let i = 0; i < 1_000; i++)
    cells.message({ ...base, eventType: `type.${i}`, discarded: 0 }, 0)
  const own = cells.take().filter(({ appId }) => appId === 'a')
  expect(own.length).toBeLessThan(210)
  expect(own.find(({ eventType }) => eventType === otherTypes)!.messages).toBe(800)
  expect(own.find(({ eventType }) => eventType === '')!.messages).toBe(1_000)
})

test('hours and days are the sums of their minutes, in UTC', () => {
  const cells = new Cells()
  const at = (text: string) => Date.parse(text)
  for (const text of ['2026-01-31T22:59:59Z', '2026-01-31T23:00:00Z', '2026-02-01T00:00:00Z'])
    cells.attempt(attempt, at(text))
  const rows = cells.take().filter(({ endpointId }) => endpointId === 'e')
  const spans = (grain: 1 | 2) => {
    const sums = new Sums()
    for (const row of rows) sums.add(row, grain)
    return sums.first(9).map(({ atMs, attempts }) => [new Date(atMs).toISOString(), attempts])
  }
  expect(spans(1)).toEqual([
    ['2026-01-31T22:00:00.000Z', 1],
    ['2026-01-31T23:00:00.000Z', 1],
    ['2026-02-01T00:00:00.000Z', 1],
  ])
  expect(spans(2)).toEqual([
    ['2026-01-31T00:00:00.000Z', 2],
    ['2026-02-01T00:00:00.000Z', 1],
  ])
})

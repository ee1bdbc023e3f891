import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { outcomeText, progressLine, type ReplayTask } from './replay-progress.ts'

const task = (data: Partial<ReplayTask['data']>, status: ReplayTask['status'] = 'running') => ({
  id: 'qtask_1',
  status,
  data: {
    phase: 'opening' as const,
    matched: 0,
    total: null,
    done: 0,
    skipped: 0,
    dryRun: false,
    ratePerSecond: 1_000,
    error: null,
    ...data,
  },
})
const line = (data: Partial<ReplayTask['data']>, elapsedMs = 0, bar = false, doneBefore = 0) =>
  stripVTControlCharacters(progressLine(task(data), { bar, elapsedMs, doneBefore }))

test('while it counts, what is counted so far is shown', () => {
  expect(line({ phase: 'counting', matched: 12_345 })).toBe('counting: 12,345 so far')
})

test('then the share that is done, what was passed over included', () => {
  expect(line({ total: 10_000, done: 4_000, skipped: 500 })).toBe('45 %  4,500 of 10,000')
  expect(line({ total: 0 })).toBe('100 %  0 of 0')
  expect(line({ total: 3, done: 1 }, 0, true)).toBe('██████████░░░░░░░░░░░░░░░░░░░░ 33 %  1 of 3')
})

test('the time that is left goes by what was seen being done, and not below the rate', () => {
  expect(line({ total: 1_000, done: 500, ratePerSecond: 10_000 }, 60_000)).toBe(
    '50 %  500 of 1,000, about 1m left',
  )
  expect(line({ total: 1_000, done: 500, ratePerSecond: 1 }, 60_000)).toContain('about 8m20s left')
  // Joined late: what was done before does not count.
  expect(line({ total: 1_000, done: 500, ratePerSecond: 10_000 }, 60_000, false, 400)).toContain(
    'about 5m left',
  )
})

test('the end says what came of it', () => {
  expect(outcomeText(task({ phase: 'finished', total: 1, done: 1 }, 'finished'))).toBe(
    '1 delivery opened again. They are sent as their endpoints have room.\n',
  )
  expect(
    outcomeText(task({ phase: 'finished', total: 9, done: 7, skipped: 2 }, 'finished')),
  ).toContain('7 deliveries opened again; 2 passed over')
  expect(outcomeText(task({ phase: 'finished', dryRun: true, total: 1_234 }, 'finished'))).toBe(
    '1,234 deliveries would be sent again. Nothing was changed.\n',
  )
  expect(outcomeText(task({ phase: 'canceled', total: 9, done: 7 }, 'failed'))).toBe(
    'Replay qtask_1 is canceled: 7 deliveries opened.\n',
  )
  expect(
    outcomeText(task({ phase: 'failed', total: 9, done: 7, error: 'why' }, 'failed')),
  ).toContain('failed: why. Opened until then: 7 of 9')
})

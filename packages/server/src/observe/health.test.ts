import { expect, test } from 'vitest'
import { openHealth } from './health.ts'

test('a node is ready only when every probe answers, and each says why not', async () => {
  const health = openHealth({
    probes: {
      database: () => 'PostgreSQL 18',
      schema: () => Promise.reject(new Error('version 7, this code knows 6')),
      lease: () => {
        throw new Error('lost')
      },
      slow: () => new Promise(() => {}),
    },
    timeoutMs: 20,
  })
  const { ready, checks } = await health.ready()
  expect(ready).toBe(false)
  expect(checks.map(({ name, ok, detail }) => [name, ok, detail])).toEqual([
    ['database', true, 'PostgreSQL 18'],
    ['schema', false, 'version 7, this code knows 6'],
    ['lease', false, 'lost'],
    ['slow', false, 'no answer within 20 ms'],
  ])
})

test('many questions at once ask the database once', async () => {
  let asked = 0
  const health = openHealth({ probes: { database: () => `asked ${++asked}` } })
  const answers = await Promise.all([health.ready(), health.ready(), health.ready()])
  expect(answers.every(({ ready }) => ready)).toBe(true)
  expect((await health.ready()).checks[0]!.detail).toBe('asked 1')
  expect(asked).toBe(1)
})

test('an answer does not stand for ever', async () => {
  let up = true
  const health = openHealth({
    probes: {
      database: () => {
        if (!up) throw new Error('away')
        return 'there'
      },
    },
    cacheMs: 0,
  })
  expect((await health.ready()).ready).toBe(true)
  up = false
  expect((await health.ready()).ready).toBe(false)
})

import { expect, test } from 'vitest'
import { Delivery } from './delivery.ts'
import { createMemoryBuffer } from './memory-buffer.ts'
import type { Outcome } from './post.ts'

type Body = { id: string; me?: object; events: { id: string }[] }
type Judge = (ids: string[], call: number) => Outcome

const sent: Outcome = { outcome: 'sent', answers: {} }
const rejected: Outcome = { outcome: 'rejected', detail: '500 oh' }

/** A delivery from a buffer of these ids, judged request by request; ends when the buffer is empty. */
async function deliver(ids: string[], judge: Judge, options: { untilMs?: number | null } = {}) {
  const bodies: Body[] = []
  const told: string[] = []
  const buffer = createMemoryBuffer({ events: 1_000, bytes: 1_000_000 }, () => {})
  const append = (id: string) => {
    const text = `{"id":"${id}"}`
    const untilMs = options.untilMs ?? null
    buffer.append({ text, bytes: text.length, me: '{"id":"a"}', atMs: 0, untilMs })
  }
  for (const id of ids) append(id)
  const { promise: empty, resolve } = Promise.withResolvers<void>()
  const delivery = new Delivery({
    buffer,
    limit: { events: 100, bytes: 1_000_000 },
    post: async (text) => {
      const body = JSON.parse(text) as Body
      bodies.push(body)
      return judge(
        body.events.map(({ id }) => id),
        bodies.length,
      )
    },
    onSent: () => {},
    onGivenUp: (reason, events) => told.push(`${reason} ${events}`),
    onActivity: (activity) => {
      if (activity !== 'ready') told.push(activity)
      if (activity === 'ready' && buffer.waiting().events === 0) resolve()
    },
    nowMs: () => 1_000,
    // No wait at all.
    random: () => -1,
  })
  delivery.start()
  return {
    bodies,
    told,
    append(id: string) {
      append(id)
      delivery.notify()
    },
    async done() {
      await empty
      await delivery.stop()
    },
  }
}

const idsIn = (bodies: Body[]) => bodies.map(({ events }) => events.map(({ id }) => id).join(''))

test('a batch says who it is, whose it is, and what is in it', async () => {
  const run = await deliver(['a', 'b'], () => sent)
  await run.done()
  expect(run.bodies).toEqual([{ id: 'a+2', me: { id: 'a' }, events: [{ id: 'a' }, { id: 'b' }] }])
})

test('the same batch comes again until Pombo is there, and the next waits for it', async () => {
  const later: Outcome = { outcome: 'later', detail: '503', retryAfterMs: 0 }
  const refused: Outcome = { outcome: 'refused', detail: '401', retryAfterMs: 0 }
  const run = await deliver(['a', 'b'], (_, call) => [later, refused, later][call - 1] ?? sent)
  run.append('c')
  await run.done()
  expect(idsIn(run.bodies)).toEqual(['ab', 'ab', 'ab', 'ab', 'c'])
  expect(new Set(run.bodies.slice(0, 4).map(({ id }) => id))).toEqual(new Set(['a+2']))
  expect(run.told).toEqual(['retrying', 'refused', 'retrying'])
})

test('one event that Pombo rejects is found, tried once more after the others, and given up', async () => {
  const run = await deliver(['a', 'b', 'c', 'd'], (ids) => (ids.includes('b') ? rejected : sent))
  await run.done()
  expect(idsIn(run.bodies)).toEqual(['abcd', 'ab', 'a', 'b', 'cd', 'b'])
  expect(run.told.filter((one) => one !== 'retrying')).toEqual(['rejected 1'])
})

test('an event that was only unlucky is delivered after all', async () => {
  const run = await deliver(['a', 'b'], (ids, call) =>
    ids.includes('b') && call < 4 ? rejected : sent,
  )
  await run.done()
  expect(idsIn(run.bodies)).toEqual(['ab', 'a', 'b', 'b'])
  expect(run.told.filter((one) => one !== 'retrying')).toEqual([])
})

test('a Pombo that rejects everything costs no event', async () => {
  const run = await deliver(['a', 'b'], (_, call) => (call < 20 ? rejected : sent))
  await run.done()
  expect(idsIn(run.bodies).slice(0, 4)).toEqual(['ab', 'a', 'b', 'ab'])
  expect(run.told.filter((one) => one !== 'retrying')).toEqual([])
  expect(idsIn(run.bodies.slice(19)).join('')).toContain('b')
})

test('a single event that is rejected is given up only once others get through', async () => {
  const run = await deliver(['a'], (ids) => (ids.includes('a') ? rejected : sent))
  await expect.poll(() => run.bodies.length).toBeGreaterThan(3)
  expect(run.told).not.toContain('rejected 1')
  run.append('b')
  await run.done()
  expect(run.told.filter((one) => one !== 'retrying')).toEqual(['rejected 1'])
})

test('what is too large together goes in parts, later batches shrink; too large alone, it is given up', async () => {
  const run = await deliver(['a', 'b', 'c'], (ids) =>
    ids.length > 2 || ids.includes('c') ? { outcome: 'too-large', detail: '413' } : sent,
  )
  await run.done()
  expect(idsIn(run.bodies)).toEqual(['abc', 'ab', 'c'])
  expect(run.told.filter((one) => one !== 'retrying')).toEqual(['tooLarge 1'])
})

test('what is of no use any more is not sent, and told', async () => {
  const run = await deliver(['a'], () => sent, { untilMs: 999 })
  await run.done()
  expect(run.bodies).toEqual([])
  expect(run.told).toEqual(['expired 1'])
})

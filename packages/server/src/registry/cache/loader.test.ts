import { expect, test } from 'vitest'
import { createLoader } from './loader.ts'

function setUp() {
  const asked: string[][] = []
  const kept = new Map<string, string | undefined>()
  const overtaken = new Map<string, Record<string, number>>()
  const gates: PromiseWithResolvers<void>[] = []
  const loader = createLoader<string>(
    async (keys) => {
      const turn = asked.push(keys)
      const gate = Promise.withResolvers<void>()
      gates.push(gate)
      await gate.promise
      return new Map(keys.filter((key) => key !== 'missing').map((key) => [key, `${key} ${turn}`]))
    },
    (key, value) => void kept.set(key, value),
    (value, parts) => void overtaken.set(value, Object.fromEntries(parts)),
  )
  const started = async (count: number): Promise<void> => {
    while (gates.length < count) await new Promise(setImmediate)
  }
  return { loader, asked, kept, overtaken, gates, started }
}

test('keys asked for together are loaded together, each once, and a miss is a miss', async () => {
  const { loader, asked, kept, gates, started } = setUp()
  const got = Promise.all(['a', 'b', 'a', 'missing'].map(async (key) => await loader.get(key)))
  await started(1)
  const late = loader.get('b')
  gates[0]!.resolve()
  expect(await got).toEqual(['a 1', 'b 1', 'a 1', undefined])
  expect(await late).toBe('b 1')
  expect(asked).toEqual([['a', 'b', 'missing']])
  expect([...kept.keys()]).toEqual(['a', 'b', 'missing'])
})

test('what was forgotten on its way answers who waits, is not kept, and is loaded anew for who asks next', async () => {
  const { loader, asked, kept, gates, started } = setUp()
  const before = loader.get('a')
  await started(1)
  loader.forget('a')
  const after = loader.get('a')
  await started(2)
  gates[1]!.resolve()
  expect(await after).toBe('a 2')
  gates[0]!.resolve()
  expect(await before).toBe('a 1')
  expect(asked).toEqual([['a'], ['a']])
  expect(kept.get('a')).toBe('a 2')
})

test('what changed of a value on its way is told with it, and not what changed before it was asked for', async () => {
  const { loader, kept, overtaken, gates, started } = setUp()
  loader.overtake('a', 'before', 1)
  const got = [loader.get('a'), loader.get('b')]
  await started(1)
  loader.overtake('a', 'one', 2)
  loader.overtake('a', 'another', 3)
  loader.overtake('a', 'one', 4)
  gates[0]!.resolve()
  expect(await Promise.all(got)).toEqual(['a 1', 'b 1'])
  expect(kept.get('a')).toBe('a 1')
  expect(overtaken).toEqual(new Map([['a 1', { one: 4, another: 3 }]]))
})

test('a load that fails fails everyone who waited, and the next one tries again', async () => {
  const { loader, gates, started } = setUp()
  const waiting = [loader.get('a'), loader.get('a'), loader.get('b')].map(
    async (asked) => await asked.catch((error: Error) => error.message),
  )
  await started(1)
  gates[0]!.reject(new Error('the database is away'))
  expect(await Promise.all(waiting)).toEqual([
    'the database is away',
    'the database is away',
    'the database is away',
  ])
  const again = loader.get('a')
  await started(2)
  gates[1]!.resolve()
  expect(await again).toBe('a 2')
})

test('a great many keys go in several queries', async () => {
  const { loader, asked, gates, started } = setUp()
  const got = Promise.all(Array.from({ length: 450 }, async (_, i) => await loader.get(`k${i}`)))
  await started(3)
  for (const gate of gates) gate.resolve()
  expect((await got).length).toBe(450)
  expect(asked.map((keys) => keys.length)).toEqual([200, 200, 50])
})

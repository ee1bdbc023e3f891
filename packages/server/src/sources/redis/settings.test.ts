import { expect, test } from 'vitest'
import { loadConfig } from '../../config/config.ts'

function problemsOf(env: Record<string, string>): string[] {
  const loaded = loadConfig({ env })
  return loaded.ok ? [] : loaded.problems
}

test('lists and streams are named with their apps', () => {
  const env = {
    POMBO_REDIS_URL: 'redis://:geheim@localhost',
    POMBO_REDIS_LISTS: 'queue:orders, shop=queue:paid=1',
    POMBO_REDIS_STREAMS: 'audit=stream',
  }
  const loaded = loadConfig({ env })
  if (!loaded.ok) throw new Error(loaded.problems.join())
  expect(loaded.config.redisLists).toEqual([
    { app: null, key: 'queue:orders' },
    { app: 'shop', key: 'queue:paid=1' },
  ])
  expect(loaded.config.redisStreams).toEqual([{ app: 'audit', key: 'stream' }])
  expect(JSON.stringify(loaded.entries)).not.toContain('geheim')
})

test('what cannot be meant stops the start', () => {
  expect(problemsOf({ POMBO_REDIS_LISTS: 'a' })[0]).toContain('POMBO_REDIS_URL does not say')
  expect(problemsOf({ POMBO_REDIS_URL: 'redis://localhost' })).toEqual([
    'POMBO_REDIS_URL names a Redis, and neither POMBO_REDIS_LISTS nor POMBO_REDIS_STREAMS says what to read from it.',
  ])
  const url = { POMBO_REDIS_URL: 'redis://localhost' }
  expect(problemsOf({ ...url, POMBO_REDIS_LISTS: 'a,x=b', POMBO_REDIS_STREAMS: 'y=b' })).toEqual([
    'The Redis key "b" is named twice in POMBO_REDIS_LISTS and POMBO_REDIS_STREAMS.',
  ])
  for (const POMBO_REDIS_LISTS of ['=b', 'a=', 'a b=c'])
    expect(problemsOf({ ...url, POMBO_REDIS_LISTS })).toEqual([
      expect.stringMatching(/^POMBO_REDIS_LISTS /),
    ])
  for (const [name, value] of Object.entries({
    POMBO_REDIS_URL: 'http://localhost',
    POMBO_REDIS_LIST_END: 'top',
    POMBO_REDIS_STREAMS: 'a b=c',
    POMBO_REDIS_APP: 'a shop',
  }))
    expect(problemsOf({ ...url, POMBO_REDIS_LISTS: 'a', [name]: value })[0]).toContain(name)
})

import { expect, test } from 'vitest'
import { migrations } from './migrations.ts'

/** The schema of the first release; nobody runs anything older. */
const firstRelease = 6
const takesAway = new RegExp(
  [
    /\bdrop (table|column|constraint|function|type|not null)\b/,
    /\brename\b/,
    /\bset not null\b/,
    /\balter column \w+ (set data )?type\b/,
    /\badd (constraint|check|foreign|unique)\b/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
)

test('a migration that takes something away says which code it still serves', () => {
  const silent = migrations().filter(
    ({ version, sql, servesFrom }) =>
      version > firstRelease && takesAway.test(sql) && servesFrom === 0,
  )
  expect(silent.map(({ name }) => name)).toEqual([])
  expect(takesAway.test('alter table work drop column hint')).toBe(true)
  expect(takesAway.test('alter table work add column hint text')).toBe(false)
})

test('no migration asks for code that is newer than the one that brings it', () => {
  expect(migrations().filter(({ version, servesFrom }) => servesFrom > version)).toEqual([])
})

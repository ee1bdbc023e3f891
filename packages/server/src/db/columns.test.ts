import { expect, test } from 'vitest'
import { binaryArray } from './binary-array.ts'
import { columnsOf } from './columns.ts'

test('a batch becomes one array for each column, numbered from the given parameter on', () => {
  interface Row {
    id: string
    labels: string[] | null
    name: string | null
  }
  const columns = columnsOf<Row>(2, [
    ['id', 'uuid', ({ id }) => id],
    ['labels', 'texts', ({ labels }) => labels],
    ['name', 'text', ({ name }) => name],
  ])
  expect(columns.unnest).toBe('unnest($2::uuid[], $3::text[], $4::text[])')
  expect(columns.names).toBe('id, labels, name')
  expect(columns.next).toBe(5)
  const id = '018f3c9e-0000-7000-8000-000000000000'
  const rows = [
    { id, labels: ['x"y', 'z\\'], name: null },
    { id, labels: null, name: 'n' },
  ]
  expect(columns.values(rows)).toEqual([
    binaryArray('uuid', [id, id]),
    binaryArray('text', ['{"x\\"y","z\\\\"}', null]),
    binaryArray('text', [null, 'n']),
  ])
})

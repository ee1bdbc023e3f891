import { expect, test } from 'vitest'
import { exampleOf } from './example.ts'

const made = (schema: object) => exampleOf({ '1': schema }, undefined)

test('an example that the schema brings is taken as it is', () => {
  expect(made({ examples: [{ a: 1 }, { a: 2 }], properties: { a: {} } })).toEqual({ a: 1 })
  expect(made({ example: [1] })).toEqual([1])
  expect(exampleOf({ '1': { examples: [1, 2] } }, 1)).toBe(2)
})

test('an index that is not there gives nothing, also without any schema', () => {
  expect(exampleOf({ '1': { examples: [1] } }, 1)).toBeUndefined()
  expect(exampleOf(null, 0)).toBeUndefined()
})

test('of several versions the highest number counts', () => {
  expect(exampleOf({ '9': { example: 9 }, '10': { example: 10 } }, undefined)).toBe(10)
})

test('otherwise one is made of the schema', () => {
  const schema = {
    type: 'object',
    properties: {
      text: { type: 'string' },
      at: { type: 'string', format: 'date-time' },
      kind: { enum: ['x', 'y'] },
      fixed: { const: 7 },
      usual: { type: 'number', default: 3 },
      least: { type: 'integer', minimum: 5 },
      on: { type: 'boolean' },
      list: { type: 'array', items: { $ref: '#/$defs/Item' } },
      maybe: { anyOf: [{ type: 'null' }, { type: 'string' }] },
      all: {
        allOf: [
          { properties: { p: { type: 'integer' } } },
          { properties: { q: { type: 'boolean' } } },
        ],
      },
      several: { type: ['string', 'null'] },
    },
    $defs: { Item: { type: 'object', properties: { id: { type: 'string', format: 'uuid' } } } },
  }
  expect(made(schema)).toEqual({
    text: 'text',
    at: '2026-01-31T09:30:00.000Z',
    kind: 'x',
    fixed: 7,
    usual: 3,
    least: 5,
    on: true,
    list: [{ id: '00000000-0000-4000-8000-000000000000' }],
    maybe: null,
    all: { p: 1, q: true },
    several: 'text',
  })
})

test('a schema that refers to itself, or to nothing, ends', () => {
  expect(made({ $ref: '#' })).toBeNull()
  expect(
    JSON.stringify(
      made({
        properties: { child: { $ref: '#/$defs/N' } },
        $defs: { N: { properties: { child: { $ref: '#/$defs/N' } } } },
      }),
    ).length,
  ).toBeLessThan(500)
  expect(made({ $ref: '#/nowhere' })).toBeNull()
})

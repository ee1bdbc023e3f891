import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plain, toBase64, toIso, toMs, toNumber, toStatus } from './json-shapes.ts'

/** As protobufjs' Long spreads into JSON. */
function long(value: bigint, unsigned = false) {
  return {
    low: Number(BigInt.asIntN(32, value)),
    high: Number(BigInt.asIntN(32, value >> 32n)),
    unsigned,
  }
}

test('a whole number reads the same as number, text, bigint and Long', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.boolean(), (value, unsigned) => {
      fc.pre(!unsigned || value >= 0)
      const shapes = [value, String(value), BigInt(value), long(BigInt(value), unsigned)]
      expect(shapes.map(toNumber)).toEqual(shapes.map(() => value))
      expect(shapes.filter((shape) => typeof shape !== 'string').map(plain)).toEqual(
        Array(3).fill(value),
      )
    }),
  )
})

test('a Long beyond 2^53 becomes its exact digits', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 2n ** 54n, max: 2n ** 64n - 1n }), (value) => {
      expect(plain(long(value, true))).toBe(String(value))
    }),
  )
  expect(plain(long(-(2n ** 60n)))).toBe(String(-(2n ** 60n)))
})

test('bytes read the same from base64, Buffer JSON of both kinds, an array and an indexed object', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), (bytes) => {
      const base64 = Buffer.from(bytes).toString('base64')
      const shapes = [
        base64,
        bytes,
        Buffer.from(bytes),
        JSON.parse(JSON.stringify(Buffer.from(bytes))),
        { type: 'Buffer', data: base64 },
        [...bytes],
        JSON.parse(JSON.stringify(bytes)),
      ]
      expect(shapes.map(toBase64)).toEqual(shapes.map(() => base64))
      expect(plain(JSON.parse(JSON.stringify({ a: [bytes] })))).toEqual({ a: [base64] })
    }),
  )
})

test.each([{}, { 0: 256 }, { 0: 1, 2: 1 }, { 0: 'a' }, { 0: 1.5 }, { a: 1 }, [], [256], 7, null])(
  '%j is no bytes',
  (value) => {
    expect(toBase64(value)).toBeNull()
  },
)

test('plain leaves JSON that has none of these shapes as it is', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      fc.pre(!/"(0|low|type|__proto__)":/.test(JSON.stringify(value)))
      expect(plain(value)).toEqual(value)
    }),
  )
})

test.each([
  [1_699_876_543, '2023-11-13T11:55:43.000Z'],
  ['1699876543', '2023-11-13T11:55:43.000Z'],
  [1_699_876_543.5, '2023-11-13T11:55:43.500Z'],
  [1_699_876_543_210, '2023-11-13T11:55:43.210Z'],
  [1_699_876_543_210_000, '2023-11-13T11:55:43.210Z'],
  [1_699_876_543_210_000_000n, '2023-11-13T11:55:43.210Z'],
  [{ low: 1_699_876_543, high: 0, unsigned: true }, '2023-11-13T11:55:43.000Z'],
  ['2023-11-13T08:55:43-03:00', '2023-11-13T11:55:43.000Z'],
  ['2023-11-13T11:55:43.210987654Z', '2023-11-13T11:55:43.210Z'],
  [new Date(1_699_876_543_210), '2023-11-13T11:55:43.210Z'],
  ['0001-01-01T00:00:00Z', null],
  [0, null],
  ['0', null],
  ['soon', null],
  [null, null],
  [{}, null],
  [Number.NaN, null],
  ['9'.repeat(40), null],
])('the time %o is %s', (given, iso) => {
  expect(toIso(given)).toBe(iso)
})

test('no value whatever makes a time that cannot be printed', () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      const ms = toMs(value)
      if (ms !== null) expect(new Date(ms).toISOString()).toMatch(/Z$/)
    }),
  )
})

test.each([
  [0, 'failed'],
  [1, 'pending'],
  [2, 'server_ack'],
  [3, 'delivered'],
  [4, 'read'],
  [5, 'played'],
  ['ERROR', 'failed'],
  ['DELIVERY_ACK', 'delivered'],
  ['delivery_ack', 'delivered'],
  ['PLAYED', 'played'],
  ['3', 'delivered'],
  [6, null],
  [-1, null],
  ['DELETED', null],
  [undefined, null],
])('status %s is %s', (given, status) => {
  expect(toStatus(given)).toBe(status)
})

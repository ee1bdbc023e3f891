import { expect, test } from 'vitest'
import { binaryArray } from './binary-array.ts'

const id = '018f3c9e-0a1b-7c2d-8e3f-000102030405'
const head = (nulls: number, oid: number, length: number) => {
  const bytes = Buffer.alloc(20)
  for (const [i, word] of [1, nulls, oid, length, 1].entries()) bytes.writeInt32BE(word, i * 4)
  return bytes
}

test('an array has its type and length first; each element follows its own length, which is -1 for null', () => {
  expect(binaryArray('text', ['é', null, 'é', ''])).toEqual(
    Buffer.concat([
      head(1, 25, 4),
      Buffer.from([0, 0, 0, 2, 0xc3, 0xa9, 255, 255, 255, 255, 0, 0, 0, 2, 0xc3, 0xa9]),
      Buffer.from([0, 0, 0, 0]),
    ]),
  )
  expect(binaryArray('uuid', [id, id.toUpperCase()])).toEqual(
    Buffer.concat([
      head(0, 2950, 2),
      ...[id, id].flatMap((text) => [
        Buffer.from([0, 0, 0, 16]),
        Buffer.from(text.replaceAll('-', ''), 'hex'),
      ]),
    ]),
  )
})

test('an array without elements has no dimension', () => {
  expect(binaryArray('int', [])).toEqual(Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 23]))
})

test('what is no UUID is refused here: in binary form PostgreSQL would take any bytes', () => {
  for (const text of ['', 'a', id.slice(1), `${id}0`, id.replace('a', 'g'), id.replace('a', 'á')])
    expect(() => binaryArray('uuid', [text])).toThrow('is no UUID')
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { omitLarge, textAt } from './oversize.ts'

const link = (pointer: string) => `https://p.example/x?pointer=${encodeURIComponent(pointer)}`

test('a payload that fits is left to the byte as it is', () => {
  expect(omitLarge('{"n": 1.0}', 100, link)).toBe('{"n": 1.0}')
})

test('the largest text goes first; what stays is to the byte as it was', () => {
  const text = `{"n": 12345678901234567890, "media": {"base64": "${'A'.repeat(5_000)}" , "mime/type":"a"}, "x":1.0}`
  const shrunk = omitLarge(text, 1_000, link)
  expect(shrunk).toContain('{"n": 12345678901234567890, "media": {"base64": {"omitted":true')
  expect(shrunk).toContain(' , "mime/type":"a"}, "x":1.0}')
  expect(JSON.parse(shrunk)).toMatchObject({
    media: {
      base64: { omitted: true, sizeBytes: 5_002, type: 'string', url: link('/media/base64') },
    },
  })
})

test('where no text is large enough, whole members go, and at last the whole', () => {
  const list = JSON.stringify({ keep: 1, list: Array.from({ length: 500 }, (_, i) => i) })
  expect(JSON.parse(omitLarge(list, 300, link))).toMatchObject({
    keep: 1,
    list: { omitted: true, type: 'array' },
  })
  expect(JSON.parse(omitLarge(JSON.stringify('x'.repeat(900)), 300, link))).toMatchObject({
    omitted: true,
    type: 'string',
    sizeBytes: 902,
  })
})

test('whatever the payload, the result is JSON that fits or one marker; each link leads to what was taken out', () => {
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 4 }),
      fc.string({ minLength: 1_100, maxLength: 3_000 }),
      (rest, big) => {
        const text = `{"a~/b": ${JSON.stringify(big)}, "rest": ${rest}}`
        const pointers: string[] = []
        const shrunk = omitLarge(text, 1_000, (pointer) => {
          pointers.push(pointer)
          return 'u'
        })
        JSON.parse(shrunk)
        expect(Buffer.byteLength(shrunk) <= 1_000 || shrunk.startsWith('{"omitted"')).toBe(true)
        expect(pointers[0]).toBe('/a~0~1b')
        expect(textAt(text, '/a~0~1b')).toBe(JSON.stringify(big))
      },
    ),
  )
})

test('a JSON Pointer finds exactly what JSON.parse would, and nothing where there is nothing', () => {
  const text = '{"a": [1, {"b": 1.50}], "a": [2.0, {"": null}]}'
  expect(textAt(text, '')).toBe(text)
  expect(textAt(text, '/a/0')).toBe('2.0')
  expect(textAt(text, '/a/1/')).toBe('null')
  expect(textAt(text, '/a/2')).toBeUndefined()
  expect(textAt('[[]]', '/0/0')).toBeUndefined()
})

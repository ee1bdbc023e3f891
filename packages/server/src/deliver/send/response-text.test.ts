import { expect, test } from 'vitest'
import { ResponseText } from './response-text.ts'

function collect(keptBytes: number, ...chunks: (string | number[])[]) {
  const text = new ResponseText(keptBytes)
  for (const chunk of chunks) {
    text.add(typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk))
  }
  return text.take()
}

test('a body within the limit is kept whole, however it is cut into chunks', () => {
  expect(collect(16)).toEqual({ text: '', isTruncated: false })
  expect(collect(16, 'pássaro')).toEqual({ text: 'pássaro', isTruncated: false })
  const bytes = [...Buffer.from('pássaro')].map((byte) => [byte])
  expect(collect(16, ...bytes)).toEqual({ text: 'pássaro', isTruncated: false })
  expect(collect(8, 'p', 'ássaro')).toEqual({ text: 'pássaro', isTruncated: false })
})

test('what goes on beyond the limit is cut, never inside a character', () => {
  expect(collect(4, 'abcdef')).toEqual({ text: 'abcd', isTruncated: true })
  expect(collect(4, 'abcd', 'e', 'f')).toEqual({ text: 'abcd', isTruncated: true })
  expect(collect(4, 'abcé')).toEqual({ text: 'abc', isTruncated: true })
  expect(collect(4, 'ab🕊')).toEqual({ text: 'ab', isTruncated: true })
  expect(collect(6, 'ab🕊c')).toEqual({ text: 'ab🕊', isTruncated: true })
  expect(collect(0, 'a')).toEqual({ text: '', isTruncated: true })
})

test('what PostgreSQL text cannot hold, and what is not UTF-8, becomes U+FFFD', () => {
  expect(collect(16, [0x61, 0x00, 0x62, 0xff, 0xc3])).toEqual({
    text: 'a\uFFFDb\uFFFD\uFFFD',
    isTruncated: false,
  })
})

test('no more than the limit is ever held', () => {
  const text = new ResponseText(1024)
  for (let count = 0; count < 10_000; count += 1) text.add(Buffer.from('x'))
  expect(text.take().text).toBe('x'.repeat(1024))
})

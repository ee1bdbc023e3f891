import { expect, test } from 'vitest'
import { headEnd, isRegular, rewrittenHead } from './lenient-head.ts'

const rewritten = (text: string) => rewrittenHead(Buffer.from(text, 'latin1'))?.toString('latin1')

test('a head in order is left as it is', () => {
  for (const head of [
    'HTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 204 \r\nA: b\tc\r\nX-Y:z\r\n\r\n',
    'HTTP/1.0 302 Found\r\nLocation: https://a:8/b\r\n\r\n',
  ])
    expect(isRegular(Buffer.from(head))).toBe(true)
})

test.each([
  ['lines that end in LF alone', 'HTTP/1.1 200 OK\nA: b\n\n', 'HTTP/1.1 200 OK\r\nA: b\r\n\r\n'],
  [
    'a blank before the colon',
    'HTTP/1.1 201 Made\r\nA \t: b\r\n\r\n',
    'HTTP/1.1 201 Made\r\nA: b\r\n\r\n',
  ],
  [
    'a control byte in a value',
    'HTTP/1.1 200 OK\r\nA: b\x01\x7fc\r\n\r\n',
    'HTTP/1.1 200 OK\r\nA: b c\r\n\r\n',
  ],
  [
    'a value folded over two lines',
    'HTTP/1.1 200 OK\r\nA: b\r\n  c\r\n\r\n',
    'HTTP/1.1 200 OK\r\nA: b c\r\n\r\n',
  ],
  ['no reason, no version, LF', 'HTTP/1 200\n\n', 'HTTP/1.1 200 \r\n\r\n'],
  ['HTTP/1.0', 'HTTP/1.0 200\n\n', 'HTTP/1.0 200 \r\n\r\n'],
  ['another version', 'HTTP/2 200\r\n\r\n', 'HTTP/1.1 200 \r\n\r\n'],
  ['small letters', 'http/1.1 200 ok\r\n\r\n', 'HTTP/1.1 200 ok\r\n\r\n'],
  ['a tab, two blanks', 'HTTP/1.1\t200  OK\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n'],
  [
    'two lengths',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\ncontent-length: 2, 2\r\n\r\n',
    'HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\r\n',
  ],
  [
    'blanks behind a length',
    'HTTP/1.1 200 OK\r\nContent-Length: +2 \r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n',
  ],
  [
    'a length that is none',
    'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
  ],
  [
    'a length beside chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 9\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  ],
  [
    'a line that is no field',
    'HTTP/1.1 200 OK\r\nnothing\r\nA: b\r\nc d: e\r\n\r\n',
    'HTTP/1.1 200 OK\r\nA: b\r\n\r\n',
  ],
])('%s: the head is rewritten', (_, given, wanted) => {
  expect(headEnd(Buffer.from(given, 'latin1'))).toBe(given.length)
  expect(isRegular(Buffer.from(given, 'latin1'))).toBe(false)
  expect(rewritten(given)).toBe(wanted)
})

test('what does not begin like an answer is not made one', () => {
  expect(rewritten('220 mail.example.com ESMTP\n\n')).toBeUndefined()
  expect(rewritten('HTTP/1.1 2000\n\n')).toBeUndefined()
  expect(rewritten('HTTP/1.1 000\n\n')).toBeUndefined()
})

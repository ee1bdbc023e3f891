import { expect, test } from 'vitest'
import { type AnswerHead, headEnd, readHead } from './answer-head.ts'

const read = (text: string) => readHead(Buffer.from(text, 'latin1'))

test.each<[string, string, Partial<AnswerHead>]>([
  ['an empty body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', { statusCode: 200, body: 0 }],
  [
    'a status that has no body',
    'HTTP/1.1 204 \r\nA: b c\r\nX-Y:z\r\n\r\n',
    { body: 0, headers: { a: 'b c', 'x-y': 'z' } },
  ],
  [
    'no length',
    'HTTP/1.1 302 Found\r\nLocation: https://a:8/b\r\n\r\n',
    { body: 'until close', keepsAlive: false, headers: { location: 'https://a:8/b' } },
  ],
  ['a header twice', 'HTTP/1.1 200 OK\r\nA: b\r\na: c\r\n\r\n', { headers: { a: 'b, c' } }],
  ['lines that end in LF alone', 'HTTP/1.1 200 OK\nA: b\n\n', { headers: { a: 'b' } }],
  ['a blank before the colon', 'HTTP/1.1 201 Made\r\nA \t: b\r\n\r\n', { headers: { a: 'b' } }],
  [
    'a control byte in a value',
    'HTTP/1.1 200 OK\r\nA: b\x01\x7fc\r\n\r\n',
    { headers: { a: 'b c' } },
  ],
  [
    'a value folded over two lines',
    'HTTP/1.1 200 OK\r\nA: b\r\n  c\r\n\r\n',
    { headers: { a: 'b c' } },
  ],
  [
    'a folded line with U+0000, which PostgreSQL does not take',
    'HTTP/1.1 200 OK\r\nA: b\r\n c\0d\r\n\r\n',
    { headers: { a: 'b c d' } },
  ],
  [
    'names that every object has',
    'HTTP/1.1 200 OK\r\nconstructor: b\r\n__proto__: c\r\n\r\n',
    { headers: JSON.parse('{"constructor":"b","__proto__":"c"}') },
  ],
  [
    'a line that is no field',
    'HTTP/1.1 200 OK\r\nnothing\r\nA: b\r\nc d: e\r\n\r\n',
    { headers: { a: 'b' } },
  ],
  ['no reason, no version, LF', 'HTTP/1 200\n\n', { statusCode: 200 }],
  ['another version', 'HTTP/2 200\r\n\r\n', { statusCode: 200 }],
  ['small letters, two blanks, a tab', 'http/1.1\t 201  ok\r\n\r\n', { statusCode: 201 }],
  [
    'two lengths',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\ncontent-length: 3, 3\r\n\r\n',
    { body: 2 },
  ],
  ['blanks and a sign', 'HTTP/1.1 200 OK\r\nContent-Length: +2 \r\n\r\n', { body: 2 }],
  [
    'a length that is none',
    'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n',
    { body: 'until close' },
  ],
  [
    'a length beside chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\nContent-Length: 9\r\n\r\n',
    { body: 'chunked', keepsAlive: false },
  ],
  [
    'chunks alone',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n',
    { body: 'chunked', keepsAlive: true },
  ],
  [
    'HTTP/1.0, which closes unless it says otherwise',
    'HTTP/1.0 200\nContent-Length: 1\n\n',
    { keepsAlive: false },
  ],
  [
    'HTTP/1.0 that stays',
    'HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: Keep-Alive\r\n\r\n',
    { keepsAlive: true },
  ],
  [
    'a close among others',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: x, Close\r\n\r\n',
    { keepsAlive: false },
  ],
  [
    'how long it waits',
    'HTTP/1.1 200 OK\r\nKeep-Alive: max=3, timeout=7\r\n\r\n',
    { keepAliveSeconds: 7 },
  ],
])('%s: the head is read', (_, given, wanted) => {
  expect(read(given)).toMatchObject(wanted)
})

test('a head ends with its first blank line, whichever way its lines end', () => {
  for (const head of ['HTTP/1.1 200 OK\r\n\r\n', 'HTTP/1.1 200\nA: b\n\n', 'HTTP/1.1 200\n\r\n'])
    expect(headEnd(Buffer.from(`${head}body\n\n`))).toBe(head.length)
  expect(headEnd(Buffer.from('HTTP/1.1 200 OK\r\nA: b\r\n'))).toBe(-1)
})

test('what does not begin like an answer is not made one', () => {
  expect(read('220 mail.example.com ESMTP\n\n')).toBeUndefined()
  expect(read('HTTP/1.1 2000\n\n')).toBeUndefined()
  expect(read('HTTP/1.1 000\n\n')).toBeUndefined()
})

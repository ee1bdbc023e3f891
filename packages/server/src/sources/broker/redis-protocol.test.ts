import { expect, test } from 'vitest'
import { asText, encodeCommand, ReplyReader, type Reply } from './redis-protocol.ts'

const big = 'ação '.repeat(30_000)
const all = Buffer.concat([
  Buffer.from('+OK\r\n-NOSCRIPT No matching script\r\n:-7\r\n$-1\r\n*-1\r\n$0\r\n\r\n'),
  Buffer.from('*3\r\n$4\r\na\r\nb\r\n:12\r\n*2\r\n$-1\r\n-ERR one of many\r\n'),
  Buffer.from(`$${Buffer.byteLength(big)}\r\n${big}\r\n`),
  Buffer.from('*0\r\n'),
])
const replies: Reply[] = [
  'OK',
  new Error('NOSCRIPT No matching script'),
  -7,
  null,
  null,
  '',
  ['a\r\nb', 12, [null, new Error('ERR one of many')]],
  big,
  [],
]

test.each([1, 2, 3, 7, 1_000, 65_536, all.length])(
  'replies that come in pieces of %i bytes are read as those that come at once',
  (size) => {
    const reader = new ReplyReader()
    const read: Reply[] = []
    for (let at = 0; at < all.length; at += size)
      read.push(...reader.read(all.subarray(at, at + size)).map(asText))
    expect(read).toEqual(replies)
  },
)

test('a command is written with the lengths of its bytes, and bytes stay what they are', () => {
  expect(encodeCommand(['SET', 'ação', 12]).toString()).toBe(
    '*3\r\n$3\r\nSET\r\n$6\r\nação\r\n$2\r\n12\r\n',
  )
  const bytes = Buffer.from([0, 255, 13, 10])
  expect(encodeCommand([bytes]).subarray(8, 12)).toEqual(bytes)
})

test('what is not Redis is recognised by its first byte', () => {
  expect(() => new ReplyReader().read(Buffer.from('HTTP/1.1 400 Bad Request'))).toThrow('no Redis')
})

test('a large reply is joined once, not with each of its pieces', () => {
  const reader = new ReplyReader()
  const length = 16 * 1_048_576
  const chunk = Buffer.alloc(16_384, 'x')
  reader.read(Buffer.from(`$${length}\r\n`))
  const startedAt = performance.now()
  for (let sent = 0; sent < length; sent += chunk.length) expect(reader.read(chunk)).toEqual([])
  expect((reader.read(Buffer.from('\r\n'))[0] as Buffer).length).toBe(length)
  // Joined with each piece it copies 8 GB.
  expect(performance.now() - startedAt).toBeLessThan(2_000)
})

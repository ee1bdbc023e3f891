import { expect, test } from 'vitest'
import { ChunkedBody } from './chunked-body.ts'

/** The body and what is behind it, given in pieces of so many bytes. */
function take(text: string, size = text.length): { body: string; rest: string | undefined } {
  let body = ''
  const chunks = new ChunkedBody(1_000, (bytes) => (body += bytes.toString('latin1')))
  for (let at = 0; at < text.length; at += size) {
    const rest = chunks.read(Buffer.from(text.slice(at, at + size), 'latin1'))
    if (rest) return { body, rest: rest.toString('latin1') + text.slice(at + size) }
  }
  return { body, rest: undefined }
}

test.each([
  ['in order', '2\r\nok\r\n5;a=b\r\n, bom\r\n0\r\n\r\n'],
  ['lines that end in LF alone', '2\nok\n5\n, bom\n0\n\n'],
  ['blanks behind a size, sizes with noughts', '02 \r\nok\r\n0005\t\r\n, bom\r\n0\r\n\r\n'],
  ['trailers, also what is none', '7\r\nok, bom\r\n0\r\nX : 1\r\nnothing\r\n\r\n'],
])('%s: the body is the same in any pieces, and what follows is left', (_, text) => {
  for (const size of [1, 2, 3, 7, 1_000])
    expect(take(`${text}HTTP/1.1`, size)).toEqual({ body: 'ok, bom', rest: 'HTTP/1.1' })
})

test('a body that is not whole yet has no end', () => {
  const whole = '2\r\nok\r\n0\r\nX: 1\r\n\r\n'
  for (let end = 0; end < whole.length; end += 1)
    expect(take(whole.slice(0, end)).rest).toBeUndefined()
})

test.each([
  ['no size', '{"ok":true}'],
  ['a size with a sign', '-2\r\nok'],
  ['a size beyond all bounds', `${'f'.repeat(13)}\r\n`],
  ['more bytes than the size says', '2\r\nokay\r\n'],
  ['a line without an end', `2;${'x'.repeat(1_001)}`],
  ['extensions without an end', `1;${'x'.repeat(100)}\r\na\r\n`.repeat(10)],
  ['trailers without an end', `0\r\n${'X: 1\r\n'.repeat(200)}`],
])('%s: it cannot be read', (_, text) => {
  for (const size of [1, 1_500]) expect(() => take(text, size)).toThrow('cannot be read')
})

import { inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { correction, qrCode } from './qr-code.ts'
import { qrPng } from './qr-image.ts'

test('correction bytes are those of the worked example of version 1-M', () => {
  const data = [32, 91, 11, 120, 209, 114, 220, 77, 67, 64, 236, 17, 236, 17, 236, 17]
  const expected = [196, 35, 39, 119, 235, 215, 231, 226, 93, 23]
  expect([...correction(Uint8Array.from(data), 10)]).toEqual(expected)
})

test.each([
  [14, 21],
  [15, 25],
  [180, 53],
  [181, 57],
  [213, 57],
  [2331, 177],
])('%i bytes take a code of %i modules', (bytes, size) => {
  expect(qrCode('x'.repeat(bytes))?.size).toBe(size)
})

test('a text that no code holds has no picture', () => {
  expect(qrPng('x'.repeat(2332))).toBeNull()
})

/** Dark modules of a picture, by its own pixels: four to a module, four modules of margin. */
function modules(base64: string): boolean[][] {
  const png = Buffer.from(base64, 'base64')
  const width = png.readUInt32BE(16)
  const raw = inflateSync(png.subarray(41, 41 + png.readUInt32BE(33)))
  const lineBytes = 1 + Math.ceil(width / 8)
  const lines: Buffer[] = []
  for (let y = 0; y < width; y++) {
    expect(raw[y * lineBytes]).toBe(2)
    const line = Buffer.from(raw.subarray(y * lineBytes + 1, (y + 1) * lineBytes))
    lines.push(line.map((byte, i) => byte ^ (lines[y - 1]?.[i] ?? 0)) as Buffer)
  }
  const at = (x: number, y: number) => ((lines[y]![x >> 3]! >> (7 - (x & 7))) & 1) === 0
  const count = width / 4 - 8
  return Array.from({ length: count }, (_, row) =>
    Array.from({ length: count }, (_unused, column) => at(4 * (column + 4) + 1, 4 * (row + 4) + 2)),
  )
}

test('the picture is black where the code is dark', () => {
  const text = '2@AbCdEf,GhIjKl,MnOpQr,StUvWx'
  const grid = qrCode(text)!
  const cells = modules(qrPng(text)!).flat()
  expect(cells.map(Number)).toEqual([...grid.dark])
})

test('the finder patterns stand in three corners', () => {
  const rows = modules(qrPng('2@abc,def,ghi')!)
  const finder = ['1111111', '1000001', '1011101', '1011101', '1011101', '1000001', '1111111']
  const corner = (x: number, y: number) =>
    finder.map((_, dy) =>
      rows[y + dy]!.slice(x, x + 7)
        .map(Number)
        .join(''),
    )
  const end = rows.length - 7
  for (const [x, y] of [
    [0, 0],
    [end, 0],
    [0, end],
  ] as const)
    expect(corner(x, y)).toEqual(finder)
})

// Read back as "2@abc,def,ghi" with jsQR 1.4.0.
test('a code that a reader has read stays as it is', () => {
  expect(
    modules(qrPng('2@abc,def,ghi')!).map((row) => row.map((dark) => (dark ? '█' : ' ')).join('')),
  ).toMatchInlineSnapshot(`
    [
      "███████       ███████",
      "█     █  ██   █     █",
      "█ ███ █ ████  █ ███ █",
      "█ ███ █ █   █ █ ███ █",
      "█ ███ █ ███ █ █ ███ █",
      "█     █ ████  █     █",
      "███████ █ █ █ ███████",
      "        █            ",
      "█ █████  ███  █████  ",
      "█ ██      █ ██ ██ █  ",
      "      █████ ██    ██ ",
      " ████   █  ███ █ ██ █",
      "████ ███      █      ",
      "        █    █ ██ ███",
      "███████    ██ █  ██  ",
      "█     █ ██  █  █ ███ ",
      "█ ███ █ ██    █ █  ██",
      "█ ███ █ ██   ████ █  ",
      "█ ███ █ █████  █     ",
      "█     █  █ █ █  ███  ",
      "███████ ██ ██ ██   █ ",
    ]
  `)
})

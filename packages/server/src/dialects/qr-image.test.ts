import { inflateSync } from 'node:zlib'
import decodeQR from 'qr/decode.js'
import { expect, test } from 'vitest'
import { qrPng } from './qr-image.ts'

test.each([
  [14, 21],
  [15, 25],
  [180, 53],
  [181, 57],
  [213, 57],
  [2331, 177],
])('%i bytes take a code of %i modules', (bytes, size) => {
  expect(modules(qrPng('x'.repeat(bytes))!)).toHaveLength(size)
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

/** What a reader finds in a picture. */
function decoded(base64: string): string {
  const rows = modules(base64)
  const [scale, margin] = [4, 4]
  const width = (rows.length + 2 * margin) * scale
  const data = new Uint8Array(width * width * 4).fill(255)
  for (let y = 0; y < width; y++)
    for (let x = 0; x < width; x++)
      if (rows[Math.floor(y / scale) - margin]?.[Math.floor(x / scale) - margin])
        data.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3)
  return decodeQR({ width, height: width, data })
}

test('the picture is black where the code is dark', () => {
  const texts = ['2@AbCdEf,GhIjKl,MnOpQr,StUvWx', '123', 'olá, 2@=', 'aB3,/+='.repeat(34)]
  expect(texts.map((text) => decoded(qrPng(text)!))).toEqual(texts)
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

test('a code that a reader has read stays as it is', () => {
  const png = qrPng('2@abc,def,ghi')!
  expect(decoded(png)).toBe('2@abc,def,ghi')
  expect(
    modules(png).map((row) => row.map((dark) => (dark ? '█' : ' ')).join('')),
  ).toMatchInlineSnapshot(`
    [
      "███████ █ ██  ███████",
      "█     █ █ █   █     █",
      "█ ███ █ ██ █  █ ███ █",
      "█ ███ █  ██ █ █ ███ █",
      "█ ███ █ █████ █ ███ █",
      "█     █       █     █",
      "███████ █ █ █ ███████",
      "         █           ",
      "█  ███████ █ █  █ ███",
      "█   █   ██  ███   █ █",
      "  █  ███ ██████  ████",
      " ██  █  ███ ██  █ █ █",
      "█  ██ █ █ ██ █  ██ ██",
      "        ██    █ █ █  ",
      "███████ █ █████ ████ ",
      "█     █ █ █ █ █ █████",
      "█ ███ █ ██ █    ██ █ ",
      "█ ███ █ █ ██ ██  ██  ",
      "█ ███ █  █  ██████ ██",
      "█     █    █  ███████",
      "███████ █████████    ",
    ]
  `)
})

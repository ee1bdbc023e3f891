/**
 * QR codes (ISO/IEC 18004) of text in byte mode at error correction level M: what WhatsApp's pairing codes need and no more. Gateways
 * that speak a protocol give the text of the code; documents promise its picture.
 */

/** Error-correction bytes a block, and blocks, of versions 1 to 40 at level M. */
const correctionBytes = [
  10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
]
const blockCounts = [
  1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26,
  28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
]

/** Bytes, data and correction together, that fit into the modules that no pattern takes. */
function totalBytes(version: number): number {
  let modules = (16 * version + 128) * version + 64
  if (version >= 2) {
    const alignments = Math.floor(version / 7) + 2
    modules -= (25 * alignments - 10) * alignments - 55
    if (version >= 7) modules -= 36
  }
  return modules >> 3
}

function dataBytes(version: number): number {
  return totalBytes(version) - correctionBytes[version - 1]! * blockCounts[version - 1]!
}

/** Products in the field of 256 elements that QR codes use (x⁸ + x⁴ + x³ + x² + 1). */
function times(a: number, b: number): number {
  let product = 0
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d)
    product ^= ((b >>> bit) & 1) * a
  }
  return product
}

/** The Reed–Solomon remainder: `count` bytes that correct the data. Exported for its test against the standard's example. */
export function correction(data: Uint8Array, count: number): Uint8Array {
  const divisor = new Uint8Array(count)
  divisor[count - 1] = 1
  let root = 1
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) divisor[j] = times(divisor[j]!, root) ^ (divisor[j + 1] ?? 0)
    root = times(root, 2)
  }
  const remainder = new Uint8Array(count)
  for (const byte of data) {
    const factor = byte ^ remainder[0]!
    remainder.copyWithin(0, 1)
    remainder[count - 1] = 0
    for (let j = 0; j < count; j++) remainder[j]! ^= times(divisor[j]!, factor)
  }
  return remainder
}

/** Mode, length, text, and the padding up to what the version holds. */
function dataOf(text: Uint8Array, version: number): Uint8Array {
  const data = new Uint8Array(dataBytes(version))
  let at = 0
  const put = (value: number, bits: number) => {
    for (let i = bits - 1; i >= 0; i--, at++)
      data[at >> 3]! |= ((value >>> i) & 1) << (7 - (at & 7))
  }
  put(4, 4)
  put(text.length, version < 10 ? 8 : 16)
  for (const byte of text) put(byte, 8)
  const used = Math.ceil(Math.min(at + 4, data.length * 8) / 8)
  for (let i = used; i < data.length; i++) data[i] = (i - used) % 2 === 0 ? 0xec : 0x11
  return data
}

/** Data cut into blocks, each with its correction, and dealt out byte by byte. */
function interleaved(data: Uint8Array, version: number): number[] {
  const count = blockCounts[version - 1]!
  const shortBytes = Math.floor(data.length / count)
  const longFrom = count - (data.length % count)
  const blocks: Uint8Array[] = []
  for (let i = 0, at = 0; i < count; i++) {
    const bytes = shortBytes + (i >= longFrom ? 1 : 0)
    blocks.push(data.subarray(at, (at += bytes)))
  }
  const corrections = blocks.map((block) => correction(block, correctionBytes[version - 1]!))
  return [blocks, corrections].flatMap((parts) => {
    const dealt: number[] = []
    const longest = Math.max(...parts.map((part) => part.length))
    for (let i = 0; i < longest; i++)
      for (const part of parts) if (i < part.length) dealt.push(part[i]!)
    return dealt
  })
}

/** Dark modules are 1. `fixed` marks those that belong to a pattern and are not masked. */
export interface Grid {
  size: number
  dark: Uint8Array
  fixed: Uint8Array
}

function set(grid: Grid, x: number, y: number, dark: boolean | number): void {
  if (x < 0 || y < 0 || x >= grid.size || y >= grid.size) return
  grid.dark[y * grid.size + x] = dark ? 1 : 0
  grid.fixed[y * grid.size + x] = 1
}

/** Rows and columns that alignment patterns are centred on. */
function alignments(version: number): number[] {
  if (version === 1) return []
  const count = Math.floor(version / 7) + 2
  const step = Math.floor((version * 8 + count * 3 + 5) / (count * 4 - 4)) * 2
  const last = version * 4 + 10
  return [6, ...Array.from({ length: count - 1 }, (_, i) => last - (count - 2 - i) * step)]
}

/** Bits of `value` followed by their remainder by `divisor`, which readers correct it with. */
function checked(value: number, bits: number, divisor: number): number {
  let remainder = value
  for (let i = 0; i < bits; i++)
    remainder = (remainder << 1) ^ ((remainder >>> (bits - 1)) * divisor)
  return (value << bits) | remainder
}

function drawPatterns(grid: Grid, version: number): void {
  const { size } = grid
  for (let i = 0; i < size; i++) {
    set(grid, 6, i, i % 2 === 0)
    set(grid, i, 6, i % 2 === 0)
  }
  const centres = alignments(version)
  for (const y of centres)
    for (const x of centres) {
      const corner = (x === 6 && (y === 6 || y === size - 7)) || (y === 6 && x === size - 7)
      if (corner) continue
      for (let dy = -2; dy <= 2; dy++)
        for (let dx = -2; dx <= 2; dx++)
          set(grid, x + dx, y + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1)
    }
  for (const [x, y] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ] as const)
    for (let dy = -4; dy <= 4; dy++)
      for (let dx = -4; dx <= 4; dx++) {
        const ring = Math.max(Math.abs(dx), Math.abs(dy))
        set(grid, x + dx, y + dy, ring !== 2 && ring !== 4)
      }
  if (version >= 7) {
    const bits = checked(version, 12, 0x1f25)
    for (let i = 0; i < 18; i++) {
      const [a, b] = [size - 11 + (i % 3), Math.floor(i / 3)]
      set(grid, a, b, (bits >>> i) & 1)
      set(grid, b, a, (bits >>> i) & 1)
    }
  }
  drawFormat(grid, 0)
}

/** Level M is 00, so that the five bits are the mask's own. */
function drawFormat(grid: Grid, mask: number): void {
  const bits = checked(mask, 10, 0x537) ^ 0x5412
  const { size } = grid
  for (let i = 0; i < 15; i++) {
    const dark = (bits >>> i) & 1
    const near = i < 6 ? i : i < 8 ? i + 1 : i === 8 ? 7 : 14 - i
    if (i < 8) set(grid, 8, near, dark)
    else set(grid, near, 8, dark)
    if (i < 8) set(grid, size - 1 - i, 8, dark)
    else set(grid, 8, size - 15 + i, dark)
  }
  set(grid, 8, size - 8, true)
}

/** Two columns at a time from the right, up and down by turns, around everything that is fixed. */
function drawData(grid: Grid, bytes: readonly number[]): void {
  const { size } = grid
  let at = 0
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5
    const up = ((right + 1) & 2) === 0
    for (let i = 0; i < size; i++)
      for (const x of [right, right - 1]) {
        const cell = (up ? size - 1 - i : i) * size + x
        if (grid.fixed[cell] === 1 || at >= bytes.length * 8) continue
        grid.dark[cell] = (bytes[at >> 3]! >>> (7 - (at & 7))) & 1
        at++
      }
  }
}

const masks: readonly ((x: number, y: number) => number)[] = [
  (x, y) => (x + y) % 2,
  (_, y) => y % 2,
  (x) => x % 3,
  (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
  (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
]

function masked(grid: Grid, mask: number): Grid {
  const { size, fixed } = grid
  const dark = grid.dark.map((bit, cell) =>
    fixed[cell] === 1 || masks[mask]!(cell % size, Math.floor(cell / size)) !== 0 ? bit : bit ^ 1,
  )
  const result = { size, dark, fixed }
  drawFormat(result, mask)
  return result
}

/** How hard a grid is to read: long runs, blocks of one colour, false finder patterns, and too much of either colour. */
function penalty({ size, dark }: Grid): number {
  let sum = 0
  for (const [along, across] of [
    [1, size],
    [size, 1],
  ] as const)
    for (let line = 0; line < size; line++) {
      const bits = Array.from({ length: size }, (_, i) => dark[line * across + i * along]).join('')
      for (const [run] of bits.matchAll(/0{5,}|1{5,}/g)) sum += run.length - 2
      sum += 40 * [...bits.matchAll(/(?=10111010000|00001011101)/g)].length
    }
  for (let y = 0; y < size - 1; y++)
    for (let x = 0; x < size - 1; x++) {
      const at = y * size + x
      const of = dark[at]! + dark[at + 1]! + dark[at + size]! + dark[at + size + 1]!
      if (of === 0 || of === 4) sum += 3
    }
  const share = dark.reduce((count, bit) => count + bit, 0) / dark.length
  return sum + 10 * Math.floor(Math.abs(share - 0.5) * 20)
}

/** The QR code of a text; undefined for one of more than 2,331 bytes, which none holds. */
export function qrCode(text: string): Grid | undefined {
  const bytes = Buffer.from(text)
  const fits = (version: number) => bytes.length + (version < 10 ? 2 : 3) <= dataBytes(version)
  const version = blockCounts.findIndex((_, index) => fits(index + 1)) + 1
  if (version === 0) return undefined
  const size = version * 4 + 17
  const grid = { size, dark: new Uint8Array(size * size), fixed: new Uint8Array(size * size) }
  drawPatterns(grid, version)
  drawData(grid, interleaved(dataOf(bytes, version), version))
  const candidates = masks.map((_, mask) => {
    const candidate = masked(grid, mask)
    return { candidate, penalty: penalty(candidate) }
  })
  return candidates.reduce((best, one) => (one.penalty < best.penalty ? one : best)).candidate
}

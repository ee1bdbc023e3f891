/** A gateway that speaks a protocol gives the text of a pairing code; documents promise its picture. */
import { constants, crc32, deflateSync } from 'node:zlib'
import { encodeQR } from 'qr'

/** Version 40 at error correction level M, in byte mode. */
const mostBytes = 2_331

/**
 * A QR code as PNG, in base64; null for a text that no code holds. About 1 ms for the 240 characters of a pairing
 * code.
 */
export function qrPng(text: string): string | null {
  if (Buffer.byteLength(text) > mostBytes) return null
  // The standard asks for four light modules around the code.
  const pixels = encodeQR(text, 'raw', { ecc: 'medium', encoding: 'byte', border: 4, scale: 4 })
  // One bit a pixel, 1 is white. Each line starts with its filter: 2, "as above", leaves nothing of three lines in
  // four.
  let above: Buffer = Buffer.alloc(Math.ceil(pixels.length / 8))
  const lines = pixels.map((row) => {
    const line = Buffer.alloc(above.length, 0xff)
    for (const [x, dark] of row.entries()) if (dark) line[x >> 3]! &= ~(0x80 >> (x & 7))
    const filtered = Buffer.from([2, ...line.map((byte, i) => byte ^ above[i]!)])
    above = line
    return filtered
  })
  const header = Buffer.alloc(13)
  header.writeUInt32BE(pixels.length, 0)
  header.writeUInt32BE(pixels.length, 4)
  header[8] = 1
  const parts = [
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    // Runs only: the general search for repeats gives other bytes on other processors.
    chunk('IDAT', deflateSync(Buffer.concat(lines), { strategy: constants.Z_RLE })),
    chunk('IEND', Buffer.alloc(0)),
  ]
  return Buffer.concat(parts).toString('base64')
}

function chunk(type: string, data: Buffer): Buffer {
  const framed = Buffer.alloc(data.length + 12)
  framed.writeUInt32BE(data.length)
  framed.write(type, 4, 'latin1')
  data.copy(framed, 8)
  framed.writeUInt32BE(crc32(framed.subarray(4, -4)), data.length + 8)
  return framed
}

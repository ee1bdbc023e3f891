import { encodeQR } from 'qr'

/**
 * A QR code for a terminal: two rows in a line, dark on light whatever the terminal's colours, with the quiet zone
 * that scanners need.
 */
export function qrLines(text: string): string[] {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', encoding: 'byte', border: 2 })
  const blocks = [' ', '▄', '▀', '█']
  const lines: string[] = []
  for (let y = 0; y < rows.length; y += 2) {
    const line = rows[y]!.map((dark, x) => blocks[(dark ? 2 : 0) + (rows[y + 1]?.[x] ? 1 : 0)])
    lines.push(`\x1b[30;107m${line.join('')}\x1b[0m`)
  }
  return lines
}

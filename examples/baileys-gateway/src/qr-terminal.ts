// Outside this checkout: any QR library that gives the modules of a code.
import { qrCode } from '../../../packages/server/src/dialects/qr-code.ts'

/** A QR code for a terminal: two rows in a line, dark on light whatever the terminal's colours, with the quiet zone that scanners need. */
export function qrLines(text: string): string[] {
  const grid = qrCode(text)
  if (!grid) return [text]
  const { size, dark } = grid
  const isDark = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < size && y < size && dark[y * size + x] === 1
  const lines: string[] = []
  for (let y = -2; y < size + 2; y += 2) {
    let line = ''
    for (let x = -2; x < size + 2; x++)
      line += isDark(x, y) ? (isDark(x, y + 1) ? '█' : '▀') : isDark(x, y + 1) ? '▄' : ' '
    lines.push(`\x1b[30;107m${line}\x1b[0m`)
  }
  return lines
}

import { stripVTControlCharacters, styleText } from 'node:util'
import type { Progress } from './progress.ts'

/** Where the demo shows how it goes: a table that is painted over on a terminal, a line a second elsewhere. */
export interface Screen {
  show(progress: readonly Progress[], footer: string): void
  /** A line that stays. */
  say(line: string): void
}

export function openScreen(stream: NodeJS.WriteStream): Screen {
  return stream.isTTY ? liveScreen(stream) : plainScreen(stream)
}

function liveScreen(stream: NodeJS.WriteStream): Screen {
  let painted = 0
  const erase = (): void => {
    if (painted > 0) stream.write(`\x1b[${painted}A\x1b[0J`)
    painted = 0
  }
  return {
    show(progress, footer) {
      const lines = [...progressTable(progress), '', footer]
      // A line that wraps would be two to erase.
      const width = stream.columns ?? 80
      erase()
      stream.write(lines.map((line) => `${cut(line, width)}\n`).join(''))
      painted = lines.length
    },
    say(line) {
      erase()
      stream.write(`${line}\n`)
    },
  }
}

const PLAIN_EVERY_MS = 1_000

function plainScreen(stream: NodeJS.WriteStream): Screen {
  let shownAt = Number.NEGATIVE_INFINITY
  return {
    show(progress) {
      if (performance.now() - shownAt < PLAIN_EVERY_MS) return
      shownAt = performance.now()
      const parts = progress.map(
        ({ name, sent, delivered, retries, circuit }) =>
          `${name} ${delivered}/${sent ?? '-'} delivered, ${retries} retries, circuit ${circuit}`,
      )
      stream.write(`${parts.join(' | ')}\n`)
    },
    say: (line) => void stream.write(`${line}\n`),
  }
}

const columns: readonly [string, (progress: Progress) => string][] = [
  ['endpoint', ({ name }) => name],
  ['sent', ({ sent }) => String(sent ?? '-')],
  [
    'delivered',
    ({ delivered, complete }) => styleText(complete ? 'green' : 'reset', String(delivered)),
  ],
  ['attempts', ({ attempts }) => String(attempts)],
  ['retries', ({ retries }) => String(retries)],
  ['waiting', ({ sent, delivered }) => String(Math.max(0, (sent ?? 0) - delivered))],
  ['in flight', ({ inFlight }) => String(inFlight)],
  [
    'circuit',
    ({ circuit }) =>
      styleText(circuit === 'closed' ? 'green' : circuit === 'open' ? 'red' : 'yellow', circuit),
  ],
  ['p50', ({ p50Ms }) => milliseconds(p50Ms)],
  ['p95', ({ p95Ms }) => milliseconds(p95Ms)],
]

/** The table's lines, numbers to the right. */
export function progressTable(progress: readonly Progress[]): string[] {
  const cells = progress.map((one) => columns.map(([, text]) => text(one)))
  const widths = columns.map(([title], index) =>
    Math.max(title.length, ...cells.map((row) => visible(row[index]!))),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => {
        const room = ' '.repeat(widths[index]! - visible(cell))
        return index === 0 ? cell + room : room + cell
      })
      .join('  ')
  return [styleText('bold', line(columns.map(([title]) => title))), ...cells.map(line)]
}

function milliseconds(value: number | undefined): string {
  if (value === undefined) return '-'
  return value < 1_000 ? `${Math.round(value)} ms` : `${(value / 1_000).toFixed(1)} s`
}

function visible(text: string): number {
  return stripVTControlCharacters(text).length
}

function cut(line: string, width: number): string {
  return visible(line) <= width ? line : stripVTControlCharacters(line).slice(0, width)
}

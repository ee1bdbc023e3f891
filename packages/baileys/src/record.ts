import { crc32 } from 'node:zlib'

/** An event as it will be sent. */
export interface BufferedEvent {
  /** JSON of `{id, event, at, data}`. Its id is the same whenever it is sent. */
  text: string
  /** Of `text`, in UTF-8. */
  bytes: number
  /** JSON of the account that the session had then; empty before it was paired. */
  me: string
  atMs: number
  /** After this it is of no use to anyone: a QR code. */
  untilMs: number | null
}

/**
 * A line of a segment file: checksum, `me`, instants, text. No part can hold a tab or a line feed, which JSON escapes.
 * The checksum tells what a power cut left half-written.
 */
export function toLine({ text, me, atMs, untilMs }: BufferedEvent): Buffer {
  const body = `${me}\t${atMs}\t${untilMs ?? ''}\t${text}`
  return Buffer.from(`${checksum(body)}\t${body}\n`)
}

/** @param line without its line feed. Returns null for one that is damaged. */
export function fromLine(line: Buffer): BufferedEvent | null {
  const all = line.toString()
  const tab = all.indexOf('\t')
  const body = all.slice(tab + 1)
  if (tab !== 8 || all.slice(0, tab) !== checksum(body)) return null
  const [me = '', atMs = '', untilMs = '', text = ''] = body.split('\t')
  return {
    text,
    bytes: Buffer.byteLength(text),
    me,
    atMs: Number(atMs),
    untilMs: untilMs === '' ? null : Number(untilMs),
  }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}

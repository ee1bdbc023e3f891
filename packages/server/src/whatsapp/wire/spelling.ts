/**
 * whatsmeow marshals WhatsApp's messages with Go's spelling of acronyms (`URL`, `PTT`, `fileSHA256`,
 * `stanzaID`, `mentionedJID`), Baileys with protobuf.js' (`url`, `ptt`, `fileSha256`, `stanzaId`,
 * `mentionedJid`). Everything here works in Baileys' spelling.
 */
import { type Fields } from '../../core/json-values.ts'
import { plain } from './json-shapes.ts'

const known = new Map<string, string>()

/** `JPEGThumbnail` → `jpegThumbnail`, `fileEncSHA256` → `fileEncSha256`, `timestampMS` → `timestampMs`. */
export function respellKey(key: string): string {
  if (!/[A-Z]{2}|^[A-Z]/.test(key)) return key
  let spelled = known.get(key)
  if (spelled === undefined) {
    spelled = key
      .replace(/^[A-Z]+(?=[A-Z][a-z]|[^a-zA-Z]|$)/, (run) => run.toLowerCase())
      .replace(/^[A-Z]/, (letter) => letter.toLowerCase())
      .replace(
        /([A-Z])([A-Z]+)(?=[A-Z][a-z]|[^a-zA-Z]|$)/g,
        (_, first: string, rest: string) => first + rest.toLowerCase(),
      )
    // The keys are a protocol's, some hundreds; a flood of made-up ones must not fill the memory.
    if (known.size < 2000) known.set(key, spelled)
  }
  return spelled
}

/** A deep copy in Baileys' spelling, Longs and bytes in one shape. Values are never touched. */
export function respell(value: unknown): unknown {
  return rename(plain(value))
}

function rename(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rename)
  if (typeof value !== 'object' || value === null) return value
  const copy: Fields = {}
  for (const [key, inner] of Object.entries(value)) copy[respellKey(key)] = rename(inner)
  return copy
}

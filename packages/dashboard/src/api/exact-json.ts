/**
 * JSON laid out to be read, with every number as it was written: 12345678901234567890 and 1.0 stay what they are, which
 * `JSON.parse` alone would change. What is no JSON comes back as it is.
 */
interface ExactJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context?: { source?: string }) => unknown,
  ): unknown
  /** Not yet in every browser; without it a number is shown as JavaScript has it. */
  rawJSON?(text: string): unknown
}

const exact = JSON as unknown as ExactJson

export function parseExact(text: string): unknown {
  return exact.parse(text, (_, value, context) =>
    typeof value === 'number' && context?.source !== undefined && exact.rawJSON !== undefined
      ? exact.rawJSON(context.source)
      : value,
  )
}

export function layOut(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value, null, 2) ?? ''
  try {
    return JSON.stringify(parseExact(value), null, 2)
  } catch {
    return value
  }
}

// Which headers cannot be written, whichever version of HTTP is spoken.

const token = /^[!#$%&'*+\-.^_`|~\w]+$/
// oxlint-disable-next-line no-control-regex -- they are what must not be written
const unwritableValue = /[^\t\x20-\x7e\x80-\xff]/
/** What says how the request is framed is ours to say. */
const ours = /^(?:connection|content-length|transfer-encoding|keep-alive|upgrade|expect)$/i
/** Names that were found good: the same few come again and again. */
const goodNames = new Set<string>()

/** What is wrong with the headers. A line break in one would begin another header, or another request. */
export function unwritable(headers: readonly string[]): string | undefined {
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]!
    if (!goodNames.has(name)) {
      if (!token.test(name)) return 'invalid header key'
      if (ours.test(name)) return `invalid ${name} header`
      if (goodNames.size < 1_000) goodNames.add(name)
    }
    if (unwritableValue.test(headers[at + 1]!)) return `invalid ${name} header`
  }
  return undefined
}

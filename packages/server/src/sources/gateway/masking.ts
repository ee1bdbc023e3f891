/** Gateways' keys in text that is no JSON: forms, addresses, headers, XML, multipart parts, JSON that is broken. */

const names = '[\\w-]*api[-_]?key|(?:[\\w-]*[-_])?(?:instance|client|admin|access)[-_]?token'
const headers = '(?:proxy-)?authorization'
/** What opens an instance or the gateway itself, in whatever spelling. */
export const secretName = new RegExp(`^(?:${names}|${headers})$`, 'i')
/** Whether there may be any. An ASCII letter of a name may be written as an escape. */
export const namesSecret =
  /api[-_]?key|(?:instance|client|admin|access)[-_]?token|authorization|bearer|basic|\\u00[4-7]/i

// JSON within a broken body may itself be within JSON, or a form. A run of backslashes is looked at from its beginning
// alone: read again from each of them, a body of nothing else would take hours.
const quote = `(?:(?<!\\\\)\\\\*["']|%22)`
const blanks = '(?:\\s|%20|\\+)*'
const colon = `${blanks}(?::|=>?|%3A|%3D)${blanks}`
const comma = `${blanks}(?:,|%2C)?${blanks}`
const unquoted = '[^\\s"\'\\\\,%&}\\]<>]+'
/** It ends at its own kind of quote, which stays: those within it have one backslash more. */
const value = `(?:(?<q>${quote})(?:(?!(?<!\\\\)\\k<q>)[^])*|${unquoted})`
const closed = `(?:${quote})?${blanks}`
const scheme = '(?:(?:Bearer|Basic|Token|Digest)[ \\t]+)?'

/** A name in a form or an address of which letters are written as %XX. */
const escaped = /(?<![\w%-])[\w-]{0,40}%[2-7][\da-f][\w%-]{0,60}(?==)/gi

function unescapedName(given: string): string {
  const name = given.replace(/%([2-7][\da-f])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return secretName.test(name) ? name : given
}

const bearer = /(\bBearer[ \t]+)(?=[\w.~+/=-]*\d)[\w.~+/=-]{8,}/gi
const basic = /(\bBasic[ \t]+)([A-Za-z\d+/]{8,}={0,2})/gi

/** Of `user:password`: "basic information" is none. */
function withoutBasic(all: string, before: string, encoded: string): string {
  return /^[\x20-\x7e]*:/.test(Buffer.from(encoded, 'base64').toString()) ? `${before}***` : all
}

/** Replaces the values of what has such a name, `token` too where it is asked for. */
export function masking(asked: { token: boolean }): (text: string) => string {
  const name = `(?:${names}|${headers}${asked.token ? '|token' : ''})`
  const word = `(?<![\\w-])${name}`
  const named = `${quote}${name}${quote}`
  const nameName = `${quote}(?:name|key|header)${quote}${colon}`
  const part = `\\bname=(?:"${name}"|${name})[^\\n]{0,200}\\n(?:[^\\r\\n]{1,200}\\r?\\n){0,5}\\r?\\n`
  const valueName = `(?:${quote})?value(?:${quote})?${colon}`
  const places = [
    // Of a form, an address, a cookie, an attribute, an environment.
    `(?<before>${word}(?:\\]|%5D)?[ \\t]*=>?[ \\t]*)(?:(?<q>\\\\*["'])(?:(?!\\k<q>)[^])*|[^&;\\s"'<>]*)`,
    // Of a line of headers, also as an option of curl, and of an object as it is printed.
    `(?<before>${word}[ \\t]*:[ \\t]*(?<q>["']?)${scheme})[^\\s"',}\\\\<&]+`,
    `(?<before>${named}${colon})${value}`,
    // Lists of headers: pairs, and objects of a name and a value.
    `(?<before>${named}${comma})${value}(?=${closed}(?:\\]|%5D|$))`,
    `(?<before>${named}${comma}${valueName})${value}`,
    `(?<before>${quote}value${quote}${colon})${value}(?=${closed}${comma}${nameName}${named})`,
    // An element of XML, or one that an attribute names.
    `(?<before>(?:<|&lt;)(?:[\\w.-]{1,60}:)?${name}(?:\\s[^<>]{0,200})?(?:>|&gt;)\\s*(?:<!\\[CDATA\\[)?)[^<&\\]]+`,
    `(?<before>${named}\\s*>)[^<]+`,
    // A part of a multipart body whose boundary is not the one that was said.
    `(?<before>${part})[^]*?(?=\\r?\\n--|$)`,
  ].map((pattern) => new RegExp(pattern, 'gi'))
  return (text) => {
    let left = text.replace(escaped, unescapedName)
    for (const place of places)
      left = left.replace(place, (...all) => {
        const { before, q = '' } = all.at(-1) as { before: string; q?: string }
        return `${before}${before.endsWith(q) ? '' : q}***`
      })
    return left.replace(bearer, '$1***').replace(basic, withoutBasic)
  }
}

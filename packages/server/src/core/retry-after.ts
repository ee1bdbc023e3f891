const ceilingMs = 24 * 60 * 60 * 1000

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const day = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)'
const longDay = '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day'
const month = `(?<month>${months.join('|')})`
const time = '(?<hour>\\d{2}):(?<minute>\\d{2}):(?<second>\\d{2})'

// The three date forms that RFC 9110 (5.6.7) asks a recipient to read. Not Date.parse: it takes `-5` and
// `5 apples` for dates, and reads the asctime form as local time.
const dateForms = [
  new RegExp(`^${day}, (?<date>\\d{2}) ${month} (?<year>\\d{4}) ${time} GMT$`),
  new RegExp(`^${longDay}, (?<date>\\d{2})-${month}-(?<year>\\d{2}) ${time} GMT$`),
  new RegExp(`^${day} ${month} (?<date>[ \\d]\\d) ${time} (?<year>\\d{4})$`),
]

/**
 * How long a receiver asks us to wait, from its `Retry-After` header: a number of seconds or an HTTP date.
 *
 * @param headerValue the header as received; absent or unreadable gives null
 * @param nowMs the present, as epoch milliseconds; dates are counted from it
 * @returns milliseconds, never negative, at most 24 h; or null
 */
export function retryAfterMs(headerValue: string | null | undefined, nowMs: number): number | null {
  if (headerValue === null || headerValue === undefined) return null
  const value = headerValue.trim()
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, ceilingMs)
  const atMs = httpDateMs(value, nowMs)
  return atMs === null ? null : Math.min(Math.max(atMs - nowMs, 0), ceilingMs)
}

function httpDateMs(value: string, nowMs: number): number | null {
  for (const form of dateForms) {
    const parts = form.exec(value)?.groups
    if (!parts) continue
    const date = Number(parts['date'])
    const monthIndex = months.indexOf(parts['month']!)
    const atMs = Date.UTC(
      fullYear(parts['year']!, nowMs),
      monthIndex,
      date,
      Number(parts['hour']),
      Number(parts['minute']),
      Number(parts['second']),
    )
    // Date.UTC rolls 31 February over into March; a date that does not exist is not a date.
    const read = new Date(atMs)
    return read.getUTCDate() === date && read.getUTCMonth() === monthIndex ? atMs : null
  }
  return null
}

/** A two-digit year more than 50 years ahead is one of the past century (RFC 9110, 5.6.7). */
function fullYear(digits: string, nowMs: number): number {
  if (digits.length === 4) return Number(digits)
  const thisYear = new Date(nowMs).getUTCFullYear()
  const year = Math.floor(thisYear / 100) * 100 + Number(digits)
  return year > thisYear + 50 ? year - 100 : year
}

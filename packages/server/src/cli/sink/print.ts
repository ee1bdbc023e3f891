import { styleText } from 'node:util'
import type { Received } from './receive.ts'
import type { Counts } from './tally.ts'

/** `12:00:00.123 200 valid  msg_… #1  712 B  {"text":"oi"}` */
export function receivedLine(received: Received): string {
  const { atMs, id, time, body } = received
  const number = time === 1 ? '' : styleText('yellow', ` again (${time})`)
  const preview = body
    .subarray(0, 120)
    .toString('utf8')
    .replace(/\p{Cc}+/gu, ' ')
  const clock = styleText('gray', new Date(atMs).toISOString().slice(11, 23))
  return (
    `${clock} ${answerText(received)} ${signatureText(received)}  ${id}${number}  ` +
    `${body.length} B  ${styleText('gray', preview)}\n`
  )
}

/** The same as one JSON object, with the whole body as text. */
export function receivedJson(received: Received): string {
  const { atMs, id, time, method, path, status = null, reaction, signature, headers } = received
  const at = new Date(atMs).toISOString()
  const signed = typeof signature === 'string' ? signature : `bad: ${signature.bad}`
  const body = received.body.toString('utf8')
  const shown = { at, id, time, method, path, status, reaction, signature: signed, headers, body }
  return `${JSON.stringify(shown)}\n`
}

export function summaryText(counts: Counts): string {
  const { received, distinct, accepted, refused, hung, reset, retries, repeats, badSignatures } =
    counts
  return (
    `${received} requests for ${distinct} messages: ${accepted} accepted, ${refused} refused, ` +
    `${hung} left hanging, ${reset} reset.\n${retries} retries; ${repeats} repeats of something ` +
    `already accepted; ${badSignatures} bad signatures.\n`
  )
}

function answerText({ reaction, status }: Received): string {
  if (reaction === 'hang') return styleText('red', 'hang')
  if (reaction === 'reset') return styleText('red', 'reset')
  const ok = status !== undefined && status >= 200 && status < 300
  return styleText(ok ? 'green' : 'yellow', `${status}`)
}

function signatureText({ signature }: Received): string {
  if (signature === 'valid') return styleText('green', 'valid')
  if (signature === 'unchecked') return styleText('gray', 'unchecked')
  return styleText('red', `bad signature (${signature.bad})`)
}

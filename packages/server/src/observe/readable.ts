import { styleText } from 'node:util'
import { showId } from '../core/id.ts'
import type { AttemptLine } from './attempt-line.ts'

type Style = Parameters<typeof styleText>[0]

const levelStyles: Record<string, Style> = {
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
  debug: 'gray',
  trace: 'gray',
}

/**
 * A JSON line of pino as one for people: time, level, message, then the other fields; an error's stack on lines of its
 * own.
 */
export function readableLine(json: string): string {
  const { level, time, msg, err, ...fields } = JSON.parse(json) as Record<string, unknown>
  delete fields['node']
  const name = String(level)
  const rest = Object.entries(fields).map(
    ([key, value]) => ` ${styleText('gray', `${key}=`)}${bare(value)}`,
  )
  const error =
    typeof err === 'object' && err !== null ? errorText(err as Record<string, unknown>) : ''
  const shownLevel = styleText(levelStyles[name] ?? 'reset', name.padEnd(5))
  return `${clock(String(time))} ${shownLevel} ${bare(msg ?? '')}${rest.join('')}${error}\n`
}

/** `12:00:00.123 info  delivered 200 in 14 ms  message.received #1  msg_… → ep_…` */
export function readableAttempt(line: AttemptLine, nowMs: number): string {
  const ok = line.outcome === 'delivered'
  const status = line.statusCode === null ? '' : ` ${line.statusCode}`
  const next =
    line.nextAttemptAtMs === null
      ? ''
      : `, again in ${Math.max(0, Math.round((line.nextAttemptAtMs - nowMs) / 1_000))} s`
  const circuit = line.circuit === 'closed' ? '' : `, circuit ${line.circuit}`
  const error = line.error ? `: ${bare(line.error)}` : ''
  const outcome = styleText(ok ? 'green' : 'yellow', `${line.outcome}${status}`)
  const ids = `${showId('message', line.messageId)} → ${showId('endpoint', line.endpointId)}`
  return (
    `${clock(new Date(nowMs).toISOString())} info  ${outcome} in ${line.durationMs} ms${next}${circuit}` +
    `  ${bare(line.eventType)} #${line.attempt}  ${ids}${error}\n`
  )
}

function clock(isoTime: string): string {
  return styleText('gray', isoTime.slice(11, 23))
}

function bare(value: unknown): string {
  // Line breaks would let a field pretend to be a line of its own, and escapes would repaint the terminal.
  if (typeof value === 'string') return /\p{Cc}/u.test(value) ? JSON.stringify(value) : value
  return JSON.stringify(value)
}

function errorText(err: Record<string, unknown>): string {
  const stack = typeof err['stack'] === 'string' ? err['stack'] : String(err['message'])
  const cause = err['cause']
  const because =
    typeof cause === 'object' && cause !== null ? errorText(cause as Record<string, unknown>) : ''
  return `\n${styleText('gray', stack.replace(/^/gm, '    '))}${because}`
}

import type { AttemptLine } from './attempt-line.ts'
import pino, { type Logger } from 'pino'
import { iso } from '../core/clock.ts'
import { showId } from '../core/id.ts'
import { fieldsOf, type SpanIds } from '../core/trace.ts'
import { describeError, redact } from './redact.ts'
import { readableAttempt, readableLine } from './readable.ts'

export interface LogOptions {
  level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  /** `line` is for people: one short line each, the same facts. */
  format: 'json' | 'line'
  /** On every line, so that the lines of several nodes can be told apart. */
  node?: string
  /** Instead of standard output, for tests. */
  write?: (line: string) => void
  /** The span under way, said on each line. */
  span?: (() => SpanIds | undefined) | undefined
  /** Is given each line as JSON, beside the output. */
  feed?: { line(json: string): void } | undefined
}

export interface Log {
  /** For everything that is not an attempt. Secrets and payloads in the objects given to it are hidden. */
  main: Logger
  /** The wide line of an attempt: level `info`. */
  attemptLine: (line: AttemptLine) => void
  /** Resolves when everything logged so far is written. */
  flush: () => Promise<void>
}

/**
 * Opens the log. Lines are gathered up to 32 KiB or 250 ms and written together: at thousands of attempts a second one
 * write per line costs more than making the line, and each write wakes a thread. What is gathered is written when the
 * process exits, also by `process.exit`.
 */
export function openLog(options: LogOptions): Log {
  const sink: Sink =
    options.write === undefined
      ? standardOutput()
      : { write: options.write, flush: () => Promise.resolve() }
  const { feed, span } = options
  const written =
    options.format === 'json'
      ? (line: string) => sink.write(line)
      : (line: string) => sink.write(readableLine(line))
  const write = feed
    ? (line: string) => {
        feed.line(line)
        written(line)
      }
    : written
  const main = pino(
    {
      level: options.level,
      base: options.node === undefined ? null : { node: options.node },
      timestamp: pino.stdTimeFunctions.isoTime,
      ...(span && {
        mixin: () => {
          const under = span()
          return under ? { ...fieldsOf(under) } : {}
        },
      }),
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redact(fields) as Record<string, unknown>,
      },
      serializers: {
        err: (error: unknown) => (error instanceof Error ? describeError(error) : error),
      },
    },
    { write },
  )
  const asJson = jsonAttempt(options.node)
  const asText = options.format === 'json' ? asJson : readableAttempt
  return {
    main,
    attemptLine: (line) => {
      if (!main.isLevelEnabled('info')) return
      const nowMs = Date.now()
      const text = asText(line, nowMs)
      sink.write(text)
      feed?.line(options.format === 'json' ? text : asJson(line, nowMs))
    },
    flush: sink.flush,
  }
}

interface Sink {
  write: (line: string) => void
  flush: () => Promise<void>
}

// A reader of standard output that stands still must not fill the memory; lines beyond this are dropped and counted.
const MAX_WAITING_BYTES = 16 * 1_048_576

function standardOutput(): Sink {
  const stream = pino.destination({
    dest: 1,
    sync: false,
    minLength: 32_768,
    maxWrite: 65_536,
    maxLength: MAX_WAITING_BYTES,
    periodicFlush: 250,
  })
  // A terminal that is gone, a full disk: what cannot be logged must not end the server. It is tried again with what
  // comes next; at the exit it is not, as pino would try for ever.
  let failing = false
  stream.on('error', () => (failing = true))
  stream.on('write', () => (failing = false))
  let dropped = 0
  stream.on('drop', () => {
    dropped += 1
  })
  stream.on('drain', () => {
    if (dropped === 0) return
    stream.write(
      `{"level":"warn","time":"${new Date().toISOString()}","msg":"log lines were dropped, ` +
        `as nobody read them","lines":${dropped}}\n`,
    )
    dropped = 0
  })
  // Lines of one turn of the loop go there together: each by itself is measured and put in a row, for 2 µs.
  let pending = ''
  let due: NodeJS.Immediate | undefined
  const hand = (): void => {
    due = undefined
    const lines = pending
    pending = ''
    if (lines !== '') stream.write(lines)
  }
  // Before pino's own, which ends the stream.
  process.prependListener('exit', () => {
    hand()
    if (failing) stream.flushSync = () => {}
  })
  return {
    write(line) {
      pending += line
      if (pending.length > 32_768) hand()
      else due ??= setImmediate(hand)
    },
    // Its error is left out: it also comes from fsync, which pipes and terminals do not have.
    flush() {
      hand()
      return new Promise((resolve) => stream.flush(() => resolve()))
    },
  }
}

/**
 * Written by hand, past pino and its redaction: every field is known here and none is secret. 4 µs a line, writing
 * included, against 6.5 µs through pino.
 */
function jsonAttempt(node: string | undefined): (line: AttemptLine, nowMs: number) => string {
  const head = node === undefined ? '' : `,"node":${JSON.stringify(node)}`
  const whose = idsCache()
  return (line, nowMs) => {
    const next = line.nextAttemptAtMs === null ? 'null' : `"${iso(line.nextAttemptAtMs)}"`
    const error = line.error ? `,"error":${JSON.stringify(line.error)}` : ''
    const { span } = line
    const within = span ? `,${JSON.stringify(fieldsOf(span)).slice(1, -1)}` : ''
    return (
      `{"level":"info","time":"${iso(nowMs)}"${head},"msg":"attempt"${whose(line)}` +
      `,"message":"${showId('message', line.messageId)}","eventType":${JSON.stringify(line.eventType)}` +
      `,"attempt":${line.attempt},"outcome":"${line.outcome}","status":${line.statusCode}` +
      `,"durationMs":${line.durationMs},"requestBytes":${line.requestBytes}` +
      `,"responseBytes":${line.responseBytes},"nextAttemptAt":${next}` +
      `,"circuit":"${line.circuit}","dialect":"${line.dialect}"${error}${within}}\n`
    )
  }
}

/**
 * Whose attempt it is, which comes again and again, by the endpoint. Emptied when full: cheaper than order of use, and
 * as good for what repeats.
 */
function idsCache(): (line: AttemptLine) => string {
  const shown = new Map<string, string>()
  return ({ tenantId, appId, endpointId }) => {
    let text = shown.get(endpointId)
    if (text === undefined) {
      if (shown.size >= 2_000) shown.clear()
      const [tenant, app] = [showId('tenant', tenantId), showId('app', appId)]
      const ids = `,"tenant":"${tenant}","app":"${app}","endpoint":"${showId('endpoint', endpointId)}"`
      // In one piece: what is put together of many is taken apart again for every line.
      text = Buffer.from(ids).toString()
      shown.set(endpointId, text)
    }
    return text
  }
}

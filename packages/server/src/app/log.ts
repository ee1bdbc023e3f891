import type { Config } from '../config/config.ts'
import { type Log, type LogOptions, openLog } from '../observe/log.ts'
import type { Telemetry } from '../observe/telemetry/telemetry.ts'

/** What OpenTelemetry adds to a log; nothing where it is off. */
export type LogParts = Pick<LogOptions, 'span' | 'feed'>

/** The log of a node: readable lines on a person's terminal, JSON elsewhere, unless it is said; or the one given. */
export function openLogOf(
  { logLevel, logFormat, production }: Config,
  node: string,
  telemetry: Telemetry | undefined,
  given: Log | ((parts: LogParts) => Log) | undefined,
): Log {
  const { traces, logFeed: feed } = telemetry ?? {}
  const parts: LogParts = { span: traces && (() => traces.current()), feed }
  if (given !== undefined) return typeof given === 'function' ? given(parts) : given
  const isPerson = process.stdout.isTTY && !production
  const format = logFormat === 'auto' ? (isPerson ? 'line' : 'json') : logFormat
  return openLog({ level: logLevel, format, node, ...parts })
}

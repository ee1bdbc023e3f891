import {
  type Attributes,
  type Context,
  type Logger,
  SeverityNumber,
  trace,
} from '@opentelemetry/api'
import type { TraceFields } from '../../core/trace.ts'

/** Takes what is logged, beside standard output. */
export interface LogFeed {
  /** A line as it is written, with everything secret already hidden. */
  line(json: string): void
}

const severities: Record<string, SeverityNumber> = {
  trace: SeverityNumber.TRACE,
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  fatal: SeverityNumber.FATAL,
}

export function createLogFeed(logger: Logger, root: Context): LogFeed {
  return {
    line(json) {
      const { level, time, msg, trace_id, span_id, trace_flags, ...fields } = JSON.parse(
        json,
      ) as Record<string, unknown>
      const ids = trace_id && { trace_id, span_id, trace_flags }
      logger.emit({
        timestamp: new Date(String(time)),
        severityText: String(level),
        severityNumber: severities[String(level)] ?? SeverityNumber.UNSPECIFIED,
        body: typeof msg === 'string' ? msg : '',
        attributes: fields as Attributes,
        context: ids ? within(root, ids as TraceFields) : root,
      })
    },
  }
}

function within(root: Context, { trace_id, span_id, trace_flags }: TraceFields): Context {
  return trace.setSpanContext(root, {
    traceId: trace_id,
    spanId: span_id,
    traceFlags: trace_flags === '01' ? 1 : 0,
  })
}

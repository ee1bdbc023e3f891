// What takes OTLP over HTTP, as a collector does: JSON, and protobuf by the definitions of opentelemetry-proto 1.x.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import protobuf from 'protobufjs'
import { until } from './receiver.ts'

export type Value = string | number | boolean | Value[] | { [key: string]: Value }

export interface SpanIn {
  name: string
  traceId: string
  spanId: string
  parentSpanId: string
  kind: number
  attributes: Record<string, Value>
  links: { traceId: string; spanId: string }[]
  status: { code: number; message?: string }
  startMs: number
  endMs: number
  resource: Record<string, Value>
}

export interface RecordIn {
  body: Value | undefined
  severityText: string
  traceId: string
  spanId: string
  attributes: Record<string, Value>
}

export interface MetricIn {
  name: string
  unit: string
  points: Record<string, unknown>[]
}

export interface Collector {
  url: string
  spans: SpanIn[]
  records: RecordIn[]
  metrics: MetricIn[]
  /** Content type and headers of each request. */
  requests: { path: string; headers: Record<string, string | string[] | undefined> }[]
  /** The first span that is so. */
  span(find: (span: SpanIn) => boolean): Promise<SpanIn>
  close(): Promise<void>
}

/** `answer`: status of each request; `hang`: none is answered. */
export async function startCollector(
  answer: () => number | 'hang' = () => 200,
  port = 0,
): Promise<Collector> {
  const spans: SpanIn[] = []
  const records: RecordIn[] = []
  const metrics: MetricIn[] = []
  const requests: Collector['requests'] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const status = answer()
      if (status === 'hang') return
      response.writeHead(status, { 'content-type': request.headers['content-type'] }).end()
      const path = request.url!
      requests.push({ path, headers: request.headers })
      if (status !== 200) return
      const bytes = Buffer.concat(chunks)
      const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
      const body = decode(path, plain, request.headers['content-type']!)
      for (const group of body.resourceSpans ?? []) {
        const resource = attributesOf(group.resource?.attributes)
        for (const scope of group.scopeSpans ?? [])
          for (const span of scope.spans ?? []) spans.push(spanOf(span, resource))
      }
      for (const group of body.resourceLogs ?? [])
        for (const scope of group.scopeLogs ?? [])
          for (const record of scope.logRecords ?? [])
            records.push({
              body: valueOf(record.body),
              severityText: record.severityText,
              traceId: hex(record.traceId),
              spanId: hex(record.spanId),
              attributes: attributesOf(record.attributes),
            })
      for (const group of body.resourceMetrics ?? [])
        for (const scope of group.scopeMetrics ?? [])
          for (const { name, unit, sum, gauge, histogram } of scope.metrics ?? []) {
            const points = (sum ?? gauge ?? histogram).dataPoints ?? []
            metrics.push({
              name,
              unit,
              points: points.map((point: { attributes?: KeyValue[] }) => ({
                ...point,
                attributes: attributesOf(point.attributes),
              })),
            })
          }
    })
  })
  server.listen(port, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    records,
    metrics,
    requests,
    span: async (find) => await until(async () => spans.find(find)),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface KeyValue {
  key: string
  value: Record<string, unknown>
}

// oxlint-disable-next-line typescript/no-explicit-any -- as it came
function decode(path: string, bytes: Buffer, type: string): any {
  if (type.startsWith('application/json')) return JSON.parse(bytes.toString())
  const message = messages[path]!
  return message.toObject(message.decode(bytes), { longs: String, enums: Number, bytes: Buffer })
}

// oxlint-disable-next-line typescript/no-explicit-any -- as it came
function spanOf(span: any, resource: SpanIn['resource']): SpanIn {
  return {
    name: span.name,
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId),
    kind: span.kind,
    attributes: attributesOf(span.attributes),
    links: (span.links ?? []).map((link: { traceId: unknown; spanId: unknown }) => ({
      traceId: hex(link.traceId),
      spanId: hex(link.spanId),
    })),
    status: { code: 0, ...span.status },
    startMs: Number(BigInt(span.startTimeUnixNano) / 1_000_000n),
    endMs: Number(BigInt(span.endTimeUnixNano) / 1_000_000n),
    resource,
  }
}

/** JSON has ids in hex, protobuf as bytes. */
function hex(id: unknown): string {
  return Buffer.isBuffer(id) ? id.toString('hex') : typeof id === 'string' ? id : ''
}

function attributesOf(list: KeyValue[] | undefined): Record<string, Value> {
  return Object.fromEntries((list ?? []).map(({ key, value }) => [key, valueOf(value)!]))
}

function valueOf(value: Record<string, unknown> | undefined): Value | undefined {
  if (value === undefined) return undefined
  const { stringValue, intValue, doubleValue, boolValue, arrayValue, kvlistValue } = value
  if (arrayValue !== undefined)
    return ((arrayValue as { values?: Record<string, unknown>[] }).values ?? []).map(
      (one) => valueOf(one)!,
    )
  if (kvlistValue !== undefined)
    return attributesOf((kvlistValue as { values?: KeyValue[] }).values)
  if (intValue !== undefined) return Number(intValue)
  return (stringValue ?? doubleValue ?? boolValue) as Value | undefined
}

const { root } = protobuf.parse(`
  syntax = "proto3";
  message AnyValue {
    oneof value {
      string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
      ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7;
    }
  }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValueList { repeated KeyValue values = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Scope { string name = 1; string version = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message Traces { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5;
    int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9; repeated Link links = 13; Status status = 15; fixed32 flags = 16;
  }
  message Link { bytes trace_id = 1; bytes span_id = 2; }
  message Status { string message = 2; int32 code = 3; }
  message Logs { repeated ResourceLogs resource_logs = 1; }
  message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; }
  message ScopeLogs { Scope scope = 1; repeated LogRecord log_records = 2; }
  message LogRecord {
    fixed64 time_unix_nano = 1; int32 severity_number = 2; string severity_text = 3; AnyValue body = 5;
    repeated KeyValue attributes = 6; fixed32 flags = 8; bytes trace_id = 9; bytes span_id = 10;
  }
  message Metrics { repeated ResourceMetrics resource_metrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; }
  message Metric {
    string name = 1; string description = 2; string unit = 3;
    oneof data { Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; }
  }
  message Gauge { repeated NumberPoint data_points = 1; }
  message Sum { repeated NumberPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
  message Histogram { repeated HistogramPoint data_points = 1; int32 aggregation_temporality = 2; }
  message NumberPoint {
    repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3;
    oneof value { double as_double = 4; sfixed64 as_int = 6; }
  }
  message HistogramPoint {
    repeated KeyValue attributes = 9; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4;
    optional double sum = 5; repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7;
  }
`)
const messages: Record<string, protobuf.Type> = {
  '/v1/traces': root.lookupType('Traces'),
  '/v1/logs': root.lookupType('Logs'),
  '/v1/metrics': root.lookupType('Metrics'),
}

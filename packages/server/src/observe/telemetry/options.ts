/** What OpenTelemetry is to do, as the configuration says it (config/otel-keys.ts). */
export interface TelemetryOptions {
  /** Absent: the signal is off. */
  traces: SignalOptions | undefined
  metrics: SignalOptions | undefined
  logs: SignalOptions | undefined
  /** Of this service; `service.instance.id` and `host.name` are added where they are not said. */
  resource: Record<string, string>
  timeoutMs: number
  gzip: boolean
  /** Of TLS to the collector, PEM. */
  files: { ca: string | undefined; cert: string | undefined; key: string | undefined }
  sampler: { name: SamplerName; share: number }
  propagators: readonly ('tracecontext' | 'baggage' | 'none')[]
  spans: QueueOptions
  records: QueueOptions
  metricsEveryMs: number
}

/** Where one signal goes. */
export interface SignalOptions {
  url: string
  headers: Record<string, string>
  protocol: 'http/protobuf' | 'http/json'
}

/** What waits in memory to be sent, and how much goes in one request. */
export interface QueueOptions {
  delayMs: number
  queue: number
  batch: number
}

export type SamplerName =
  | 'always_on'
  | 'always_off'
  | 'traceidratio'
  | 'parentbased_always_on'
  | 'parentbased_always_off'
  | 'parentbased_traceidratio'

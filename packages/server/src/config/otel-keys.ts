import { optionalSetting, setting, type SettingGroup, type ValuesOf } from '../core/setting.ts'
import { pairs } from '../core/pairs-kind.ts'
import { boolean, integer, kind, list, oneOf, text, url } from '../core/setting-kinds.ts'

const off = 'nothing is sent'
const asAll = (variable: string) => ({ defaultNote: `as ${variable}` })
const one = (signal: string, variable: string): string =>
  `The same for ${signal} alone, instead of ${variable}.`
const longMs = 3_600_000

/** Where one signal goes, and how: what is not said here is as for all. */
const endpointOf = (signal: 'traces' | 'metrics' | 'logs') =>
  optionalSetting(
    `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`,
    url(['http:', 'https:'], `http://collector.example.com:4318/v1/${signal}`),
    {
      defaultNote: `OTEL_EXPORTER_OTLP_ENDPOINT with /v1/${signal} behind it`,
      description: `The whole URL to which ${signal} are sent.`,
    },
  )
const headersOf = (signal: 'traces' | 'metrics' | 'logs') =>
  optionalSetting(`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_HEADERS`, pairs('header'), {
    ...asAll('OTEL_EXPORTER_OTLP_HEADERS'),
    description: one(signal, 'OTEL_EXPORTER_OTLP_HEADERS'),
    secret: true,
  })
const protocolOf = (signal: 'traces' | 'metrics' | 'logs') =>
  optionalSetting(`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_PROTOCOL`, protocol(), {
    ...asAll('OTEL_EXPORTER_OTLP_PROTOCOL'),
    description: one(signal, 'OTEL_EXPORTER_OTLP_PROTOCOL'),
  })
const exporterOf = (signal: 'traces' | 'metrics' | 'logs') =>
  optionalSetting(`OTEL_${signal.toUpperCase()}_EXPORTER`, oneOf('otlp', 'none'), {
    defaultNote: 'otlp where an endpoint is set for it, else none',
    description: `Whether ${signal} are sent: by OTLP, or not at all.`,
  })

/**
 * OpenTelemetry, by its standard's own variables. All of it is off until an endpoint is set, or an exporter is named.
 */
export const otelKeys = {
  otelDisabled: setting('OTEL_SDK_DISABLED', boolean(), {
    default: 'false',
    description: 'Switches OpenTelemetry off whatever else is set.',
  }),
  otlpEndpoint: optionalSetting(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    url(['http:', 'https:'], 'http://collector.example.com:4318'),
    {
      defaultNote: off,
      description:
        'Where traces, metrics and logs are sent: an OpenTelemetry collector, or whatever takes OTLP over HTTP. ' +
        '`/v1/traces`, `/v1/metrics` and `/v1/logs` are put behind it.',
    },
  ),
  otlpTracesEndpoint: endpointOf('traces'),
  otlpMetricsEndpoint: endpointOf('metrics'),
  otlpLogsEndpoint: endpointOf('logs'),
  otlpHeaders: optionalSetting('OTEL_EXPORTER_OTLP_HEADERS', pairs('header'), {
    description: 'Headers of the requests that send it, such as a key.',
    secret: true,
  }),
  otlpTracesHeaders: headersOf('traces'),
  otlpMetricsHeaders: headersOf('metrics'),
  otlpLogsHeaders: headersOf('logs'),
  otlpProtocol: setting('OTEL_EXPORTER_OTLP_PROTOCOL', protocol(), {
    default: 'http/protobuf',
    description: 'How it is written. gRPC is not spoken; collectors take HTTP on port 4318.',
  }),
  otlpTracesProtocol: protocolOf('traces'),
  otlpMetricsProtocol: protocolOf('metrics'),
  otlpLogsProtocol: protocolOf('logs'),
  otlpCompression: setting('OTEL_EXPORTER_OTLP_COMPRESSION', oneOf('none', 'gzip'), {
    default: 'none',
    description: 'Whether it is packed.',
  }),
  otlpTimeoutMs: setting(
    'OTEL_EXPORTER_OTLP_TIMEOUT',
    integer(1, 600_000, 'milliseconds', '5000'),
    {
      default: '10000',
      description: 'How long one request to the collector may take, with its repeats.',
    },
  ),
  otlpCa: optionalSetting(
    'OTEL_EXPORTER_OTLP_CERTIFICATE',
    text('a path', '/etc/pombo/collector-ca.pem'),
    {
      description:
        "File of the certificate authorities that the collector's certificate may come from, PEM.",
    },
  ),
  otlpCert: optionalSetting(
    'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE',
    text('a path', '/etc/pombo/collector-client.crt'),
    { description: 'File of the certificate that is shown to the collector, PEM.' },
  ),
  otlpKey: optionalSetting(
    'OTEL_EXPORTER_OTLP_CLIENT_KEY',
    text('a path', '/etc/pombo/collector-client.key'),
    {
      description: 'File of its private key, PEM. Goes with OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE.',
    },
  ),
  otelTracesExporter: exporterOf('traces'),
  otelMetricsExporter: exporterOf('metrics'),
  otelLogsExporter: exporterOf('logs'),
  otelServiceName: optionalSetting('OTEL_SERVICE_NAME', text('a name', 'pombo-production'), {
    defaultNote: '`service.name` of OTEL_RESOURCE_ATTRIBUTES, else `pombo`',
    description: 'What this Pombo is called in traces, metrics and logs.',
  }),
  otelResource: setting('OTEL_RESOURCE_ATTRIBUTES', pairs('attribute'), {
    default: '',
    defaultNote: 'none',
    description:
      'What else is said of it, such as `deployment.environment.name`. `service.version`, `service.instance.id` and ' +
      '`host.name` are there by themselves, and can be said anew.',
  }),
  otelSampler: setting(
    'OTEL_TRACES_SAMPLER',
    oneOf(
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
      'always_on',
      'always_off',
      'traceidratio',
    ),
    {
      default: 'parentbased_always_on',
      description:
        "Which traces are recorded. `parentbased_…` does as the producer's trace does, and decides by itself only " +
        'where a message comes without one.',
    },
  ),
  otelSamplerArg: setting('OTEL_TRACES_SAMPLER_ARG', share(), {
    default: '1',
    description: 'The share that `traceidratio` and `parentbased_traceidratio` record.',
  }),
  otelPropagators: setting('OTEL_PROPAGATORS', list(oneOf('tracecontext', 'baggage', 'none')), {
    default: 'tracecontext',
    description:
      'What is taken from the headers of who sends messages in, kept with the message, and given to who receives ' +
      'it: `traceparent` and `tracestate` (`tracecontext`), and `baggage`, which is left out unless it is named, ' +
      'since receivers are often others; `none`: nothing.',
  }),
  otelBspDelayMs: setting('OTEL_BSP_SCHEDULE_DELAY', integer(1, longMs, 'milliseconds', '1000'), {
    default: '5000',
    description: 'How long spans wait to be sent together.',
  }),
  otelBspQueue: setting('OTEL_BSP_MAX_QUEUE_SIZE', integer(1, 1_000_000, 'spans', '8192'), {
    default: '8192',
    description:
      'Most spans that wait in memory, as while the collector is away. What comes beyond that is dropped, and the ' +
      'log says how many.',
  }),
  otelBspBatch: setting('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', integer(1, 100_000, 'spans', '1024'), {
    default: '512',
    description: 'Most spans in one request.',
  }),
  otelBlrpDelayMs: setting('OTEL_BLRP_SCHEDULE_DELAY', integer(1, longMs, 'milliseconds', '5000'), {
    default: '1000',
    description: 'How long log records wait to be sent together.',
  }),
  otelBlrpQueue: setting('OTEL_BLRP_MAX_QUEUE_SIZE', integer(1, 1_000_000, 'records', '8192'), {
    default: '8192',
    description:
      'Most log records that wait in memory. What comes beyond that is dropped, as with spans.',
  }),
  otelBlrpBatch: setting(
    'OTEL_BLRP_MAX_EXPORT_BATCH_SIZE',
    integer(1, 100_000, 'records', '1024'),
    { default: '512', description: 'Most log records in one request.' },
  ),
  otelMetricsEveryMs: setting(
    'OTEL_METRIC_EXPORT_INTERVAL',
    integer(100, longMs, 'milliseconds', '15000'),
    { default: '60000', description: 'How often metrics are sent.' },
  ),
} satisfies SettingGroup

type OtelValues = ValuesOf<typeof otelKeys>

function protocol() {
  return oneOf('http/protobuf', 'http/json')
}

function share() {
  return kind(
    'a number from 0 to 1',
    '0.1',
    (given) => {
      const value = Number(given)
      return value >= 0 && value <= 1 ? { value } : { problem: 'it is not from 0 to 1' }
    },
    String,
    { type: 'number', minimum: 0, maximum: 1 },
  )
}

/** What single values cannot show. */
export function otelProblems(values: Partial<OtelValues>): string[] {
  const problems: string[] = []
  const {
    otlpCert,
    otlpKey,
    otelPropagators = [],
    otelBspQueue = Number.POSITIVE_INFINITY,
    otelBspBatch = 0,
    otelBlrpQueue = Number.POSITIVE_INFINITY,
    otelBlrpBatch = 0,
  } = values
  if ((otlpCert === undefined) !== (otlpKey === undefined))
    problems.push(
      'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY go together; only one of them is set.',
    )
  if (otelPropagators.includes('none') && otelPropagators.length > 1)
    problems.push('OTEL_PROPAGATORS names none and others; keep none alone, or take it out.')
  for (const [kindOf, batch, queue] of [
    ['BSP', otelBspBatch, otelBspQueue],
    ['BLRP', otelBlrpBatch, otelBlrpQueue],
  ] as const)
    if (batch > queue)
      problems.push(
        `OTEL_${kindOf}_MAX_EXPORT_BATCH_SIZE (${batch}) is more than OTEL_${kindOf}_MAX_QUEUE_SIZE (${queue}); ` +
          'no batch could ever be full.',
      )
  return problems
}

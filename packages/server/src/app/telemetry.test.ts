import { expect, test } from 'vitest'
import { loadConfig } from '../config/config.ts'
import { telemetryOf } from './telemetry.ts'

function load(env: Record<string, string>) {
  const loaded = loadConfig({ env })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  return telemetryOf(loaded.config)
}

test('OpenTelemetry is off unless an endpoint is set or an exporter named, and where it is disabled', () => {
  expect(load({})).toBeUndefined()
  expect(load({ OTEL_SERVICE_NAME: 'a', OTEL_TRACES_SAMPLER: 'always_on' })).toBeUndefined()
  expect(
    load({ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }),
  ).toMatchObject({ traces: undefined, metrics: { url: 'http://c:4318/v1/metrics' } })
  expect(load({ OTEL_LOGS_EXPORTER: 'otlp' })).toMatchObject({
    traces: undefined,
    metrics: undefined,
    logs: { url: 'http://localhost:4318/v1/logs', protocol: 'http/protobuf', headers: {} },
  })
  const disabled = { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }
  expect(load(disabled)).toBeUndefined()
})

test("what is said for one signal goes before what is said for all, and a signal's URL is taken as it is", () => {
  expect(
    load({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/otlp/',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=1, b=x%20y%3D',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://t.example.com/in',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'c=3',
      OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'http/json',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=from-attributes,team=a%2Cb',
    }),
  ).toMatchObject({
    traces: { url: 'https://t.example.com/in', headers: { c: '3' }, protocol: 'http/protobuf' },
    metrics: { url: 'http://c:4318/otlp/v1/metrics', headers: { a: '1', b: 'x y=' } },
    logs: { url: 'http://c:4318/otlp/v1/logs', protocol: 'http/json' },
    resource: { 'service.name': 'from-attributes', team: 'a,b' },
  })
  const named = { OTEL_SERVICE_NAME: 'named', OTEL_RESOURCE_ATTRIBUTES: 'service.name=other' }
  expect(load({ OTEL_LOGS_EXPORTER: 'otlp', ...named })).toMatchObject({
    resource: { 'service.name': 'named' },
  })
})

test('values that OpenTelemetry or Pombo cannot take stop the start, each named with what it takes', () => {
  const bad = {
    OTEL_SDK_DISABLED: 'perhaps',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_HEADERS: 'no-equals-sign',
    OTEL_EXPORTER_OTLP_TIMEOUT: 'soon',
    OTEL_TRACES_EXPORTER: 'zipkin',
    OTEL_TRACES_SAMPLER: 'sometimes',
    OTEL_TRACES_SAMPLER_ARG: '2',
    OTEL_PROPAGATORS: 'b3',
    OTEL_RESOURCE_ATTRIBUTES: 'service',
    OTEL_BSP_MAX_QUEUE_SIZE: '0',
    OTEL_METRIC_EXPORT_INTERVAL: '1',
    OTEL_EXPORTER_OTLP_CLIENT_KEY: '/a/key',
  }
  const loaded = loadConfig({ env: bad })
  if (loaded.ok) throw new Error('it was taken')
  for (const variable of Object.keys(bad))
    expect(loaded.problems.filter((one) => new RegExp(`${variable}\\b`).test(one))).toHaveLength(1)
  expect(loaded.problems.join()).toContain('http/protobuf, http/json')
  expect(loaded.problems.join()).not.toContain('no-equals')
  expect(loadConfig({ env: { OTEL_PROPAGATORS: 'none,baggage' } })).toMatchObject({ ok: false })
  expect(loadConfig({ env: { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '9000' } })).toMatchObject({
    ok: false,
    problems: [expect.stringContaining('OTEL_BSP_MAX_QUEUE_SIZE (8192)')],
  })
})

import { expect, test } from 'vitest'
import { byFigure } from './exemplars.ts'
import { openMetrics } from './metrics.ts'
import { prefersOpenMetrics, writeOpenMetrics } from './open-metrics.ts'

test('who asks for OpenMetrics at least as much as for the older text gets it', () => {
  const prometheus =
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,' +
    'text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
  expect(prefersOpenMetrics(prometheus)).toBe(true)
  expect(prefersOpenMetrics('text/plain, application/openmetrics-text;q=0.5')).toBe(false)
  expect(prefersOpenMetrics('application/openmetrics-text;q=0')).toBe(false)
  expect(prefersOpenMetrics('*/*')).toBe(false)
  expect(prefersOpenMetrics(undefined)).toBe(false)
})

test('counters keep their names in both forms, however often each is asked for', async () => {
  const metrics = openMetrics({ node: false })
  metrics.recordAttempt({ eventType: 'a', status: 'success', durationMs: 20 })
  const asked = 'application/openmetrics-text'
  for (let n = 0; n < 2; n++) {
    expect((await metrics.render()).text).toContain(
      'webhooks_total{event_type="a",status="success"} 1\n',
    )
    const { text, type } = await metrics.render(asked)
    expect(type).toContain(asked)
    expect(text).toContain('# TYPE webhooks counter\n')
    expect(text).toContain('webhooks_total{event_type="a",status="success"} 1\n')
    expect(text.endsWith('\n# EOF\n')).toBe(true)
  }
  metrics.stop()
})

test('an attempt of a recorded trace is shown with the figures that count it, others are not', async () => {
  const metrics = openMetrics({ node: false })
  const span = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true }
  metrics.recordAttempt({ eventType: 'a', status: 'success', durationMs: 20, span })
  const unrecorded = { ...span, traceId: 'c'.repeat(32), sampled: false }
  metrics.recordAttempt({ eventType: 'a', status: 'success', durationMs: 20, span: unrecorded })
  const { text } = await metrics.render('application/openmetrics-text')
  const lines = text.split('\n').filter((line) => line.includes(' # {'))
  const shown = `# \\{trace_id="${span.traceId}",span_id="${span.spanId}"\\}`
  expect(lines).toEqual([
    expect.stringMatching(new RegExp(`^webhooks_total\\{.*\\} 2 ${shown} 1 \\d+\\.\\d{3}$`)),
    expect.stringMatching(
      new RegExp(
        `^webhook_duration_seconds_bucket\\{le="0.025",.*\\} 2 ${shown} 0.02 \\d+\\.\\d{3}$`,
      ),
    ),
  ])
  expect((await metrics.render()).text).not.toContain('trace_id')
  metrics.stop()
})

test('of several processes the latest is shown, and what breaks the form is escaped', () => {
  const exemplar = { name: 'a_total', labels: { x: 'q"\\\n' }, spanId: 's', value: 1 }
  const exemplarOf = byFigure([
    [{ ...exemplar, traceId: 'old', atMs: 1_000 }],
    [{ ...exemplar, traceId: 'new', atMs: 2_500 }],
  ])
  const figure = {
    name: 'a_total',
    help: 'Says "a".',
    type: 'counter',
    values: [{ labels: exemplar.labels, value: Number.POSITIVE_INFINITY }],
  }
  expect(writeOpenMetrics([figure], exemplarOf)).toBe(
    '# TYPE a counter\n# HELP a Says \\"a\\".\n' +
      'a_total{x="q\\"\\\\\\n"} +Inf # {trace_id="new",span_id="s"} 1 2.500\n# EOF\n',
  )
})

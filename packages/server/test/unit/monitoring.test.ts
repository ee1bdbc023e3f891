// deploy/prometheus and deploy/grafana against the metrics that there are, and the page that explains each alert.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { dashboard } from '../../../../scripts/dashboards.mjs'
import { openMetrics } from '../../src/observe/metrics.ts'

const root = join(import.meta.dirname, '../../../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

interface Rules {
  groups: {
    rules: {
      alert?: string
      record?: string
      expr: string
      annotations?: Record<string, string>
    }[]
  }[]
}
const rulesOf = (path: string) => (parse(read(path)) as Rules).groups.flatMap(({ rules }) => rules)
const recordings = rulesOf('deploy/prometheus/recordings.yml')
const alerts = rulesOf('deploy/prometheus/alerts.yml')

test('rules and panels ask for metrics that Pombo has, or that a rule records', async () => {
  const metrics = openMetrics()
  const { text } = await metrics.render()
  metrics.stop()
  const known = new Set(['up', ...recordings.map(({ record }) => record!)])
  for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm))
    for (const suffix of type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
      known.add(name! + suffix)
  const asked = [...recordings, ...alerts].map(({ expr }) => expr)
  asked.push(...dashboard().panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)))
  for (const expr of asked) {
    const names = expr.match(/\b(job:[\w:]+|up|[a-z]\w*_\w+)\b(?=[[{)\s]|$)(?!\s*\()/g) ?? []
    const metricNames = names.filter((name) => !/^(event_type|histogram_quantile)$/.test(name))
    expect(metricNames, expr).not.toEqual([])
    for (const name of metricNames) expect(known, expr).toContain(name)
  }
})

test('the dashboard is what its source says (renew it: node scripts/dashboards.mjs, then npm run format)', () => {
  const written = JSON.parse(read('deploy/grafana/dashboards/pombo.json')) as object
  expect(written).toEqual(dashboard())
})

test('every alert is explained, in both languages, where its runbook says, and tried by a test of its own', () => {
  const tried = read('deploy/prometheus/tests.yml')
  for (const page of ['docs/guides/alerts.md', 'docs/guides/alerts.pt-BR.md']) {
    const headings = [...read(page).matchAll(/^## (\w+)$/gm)].map(([, name]) => name)
    expect(headings, page).toEqual(alerts.map(({ alert }) => alert))
  }
  for (const { alert, annotations } of alerts) {
    expect(annotations!['runbook']).toBe(`docs/guides/alerts.md#${alert!.toLowerCase()}`)
    expect(annotations!['summary']).toBeDefined()
    expect(tried).toMatch(new RegExp(`alertname: ${alert}\\n +eval_time: \\S+\\n +exp_alerts:\\n`))
  }
})

// The Grafana dashboard as code: `node scripts/dashboards.mjs` writes deploy/grafana/dashboards/pombo.json, which a test
// compares with this. A panel is one line: its title, what it shows, its unit and its queries with their legends.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const at = '{job=~"$job"}'
const rows = [
  {
    title: 'At a glance',
    height: 4,
    panels: [
      stat('Nodes up', 'Nodes that answered the last scrape.', 'none', `sum(up${at})`),
      stat('Taken in', 'Events taken in a second.', 'short', `sum(rate(pombo_accepted_total{job=~"$job", result="accepted"}[5m]))`),
      stat('Delivered', 'Attempts a second that delivered.', 'short', `sum(rate(webhooks_total{job=~"$job", status="success"}[5m]))`),
      stat('Not delivered', 'Share of the attempts that did not deliver; most of them are tried again.', 'percentunit', `sum(rate(webhooks_total{job=~"$job", status!="success"}[5m])) / sum(rate(webhooks_total${at}[5m]))`, [0.1, 0.5]),
      stat('Open deliveries', 'Waiting, under way and to be tried again.', 'short', `sum(max by (state) (pombo_queue_depth${at})) or vector(0)`),
      stat('Circuits open', 'Endpoints that are not tried, because they kept failing.', 'none', `max(pombo_circuits{job=~"$job", state="open"}) or vector(0)`, [1, 10]),
    ],
  },
  {
    title: 'Events in',
    height: 8,
    panels: [
      graph('Events by what became of them', 'unmatched: no endpoint wants it. duplicate: its eventId was there already. refused: the producer was wrong. overloaded and database_away: answered 503.', 'short', [[`sum by (result) (rate(pombo_accepted_total${at}[$__rate_interval]))`, '{{result}}']], { stacked: true }),
      graph('Group commit', 'Time of the transaction that makes events durable.', 's', quantiles('pombo_commit_seconds')),
      graph('Events a commit', 'More at a time as more come.', 'short', [[`sum(rate(pombo_commit_messages_sum${at}[$__rate_interval])) / sum(rate(pombo_commit_messages_count${at}[$__rate_interval]))`, 'mean']]),
    ],
  },
  {
    title: 'Deliveries out',
    height: 8,
    panels: [
      graph('Attempts', 'retrying: another one follows. failed: given up.', 'short', [[`sum by (status) (rate(webhooks_total${at}[$__rate_interval]))`, '{{status}}']], { stacked: true }),
      graph('Duration of an attempt', 'From its start to the whole answer: the time of the receivers.', 's', quantiles('webhook_duration_seconds')),
      graph('Busiest event types', 'Attempts a second.', 'short', [[`topk(8, sum by (event_type) (rate(webhooks_total${at}[$__rate_interval])))`, '{{event_type}}']]),
      graph('Given up', 'Deliveries whose schedule is over, by event type. Resend them with `pombo replay`.', 'short', [[`sum by (event_type) (increase(webhooks_total{job=~"$job", status="failed"}[$__rate_interval])) > 0 or vector(0)`, '{{event_type}}']]),
    ],
  },
  {
    title: 'Queue',
    height: 8,
    panels: [
      graph('Open deliveries', 'leased: in a node’s hands. retrying: failed at least once.', 'short', [[`max by (state) (pombo_queue_depth${at}) or vector(0)`, '{{state}}']], { stacked: true }),
      graph('Oldest open delivery', 'pending: has not been tried yet, which paused endpoints may well have.', 's', [[`max by (state) (pombo_queue_oldest_seconds${at}) or vector(0)`, '{{state}}']]),
      graph('Requests under way', 'By node.', 'short', [[`pombo_in_flight${at}`, '{{instance}}']]),
      graph('Circuits', 'Endpoints whose circuit is not closed.', 'short', [[`max by (state) (pombo_circuits${at}) or vector(0)`, '{{state}}']]),
    ],
  },
  {
    title: 'Database',
    height: 8,
    panels: [
      graph('Claim', 'Time to take due deliveries from the queue.', 's', quantiles('pombo_claim_seconds')),
      graph('Dead rows of the queue', 'Gone and not cleaned up yet; autovacuum does that.', 'short', [[`max(pombo_queue_dead_rows${at})`, 'dead rows']]),
      graph('Oldest transaction', 'What has gone since it began cannot be cleaned up.', 's', [[`max(pombo_database_oldest_transaction_seconds${at})`, 'age']]),
    ],
  },
  {
    title: 'Processes',
    height: 8,
    panels: [
      graph('Processor', 'Of one core, by node.', 'percentunit', [[`rate(process_cpu_seconds_total${at}[$__rate_interval])`, '{{instance}}']]),
      graph('Memory', 'Resident, by node.', 'bytes', [[`process_resident_memory_bytes${at}`, '{{instance}}']]),
      graph('Lag of the event loop', 'How late 1 % of the timers were.', 's', [[`pombo_event_loop_lag_seconds{job=~"$job", at="p99"}`, '{{instance}}']]),
      graph('Open files', 'Of those that the process may have.', 'percentunit', [[`process_open_fds${at} / process_max_fds${at}`, '{{instance}}']]),
    ],
  },
]

/** The dashboard as Grafana reads it. */
export function dashboard() {
  const panels = []
  let y = 0
  let id = 1
  for (const row of rows) {
    panels.push({ id: id++, type: 'row', title: row.title, collapsed: false, panels: [], gridPos: { x: 0, y, w: 24, h: 1 } })
    y += 1
    const w = Math.floor(24 / row.panels.length)
    for (const [index, panel] of row.panels.entries())
      panels.push({ id: id++, ...panel, gridPos: { x: index * w, y, w, h: row.height } })
    y += row.height
  }
  return {
    uid: 'pombo',
    title: 'Pombo',
    tags: ['pombo'],
    timezone: 'browser',
    schemaVersion: 41,
    editable: true,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' },
        {
          name: 'job',
          type: 'query',
          label: 'Job',
          datasource: source(),
          query: { query: 'label_values(pombo_in_flight, job)', refId: 'job' },
          refresh: 2,
          includeAll: true,
          multi: true,
          current: { text: 'All', value: '$__all' },
        },
      ],
    },
    annotations: { list: [] },
    panels,
  }
}

function stat(title, description, unit, expr, steps = []) {
  const colors = ['yellow', 'red']
  return {
    type: 'stat',
    title,
    description,
    datasource: source(),
    targets: [{ refId: 'A', datasource: source(), expr, instant: true }],
    fieldConfig: {
      defaults: {
        unit,
        thresholds: {
          mode: 'absolute',
          steps: [{ color: 'green', value: null }, ...steps.map((value, index) => ({ color: colors[index], value }))],
        },
      },
      overrides: [],
    },
    options: { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: steps.length > 0 ? 'value' : 'none', graphMode: 'none' },
  }
}

function graph(title, description, unit, queries, { stacked = false } = {}) {
  return {
    type: 'timeseries',
    title,
    description,
    datasource: source(),
    targets: queries.map(([expr, legendFormat], index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: source(),
      expr,
      legendFormat,
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        custom: { fillOpacity: stacked ? 30 : 0, stacking: { mode: stacked ? 'normal' : 'none' } },
      },
      overrides: [],
    },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
  }
}

function quantiles(metric) {
  const buckets = `sum by (le) (rate(${metric}_bucket{job=~"$job"}[$__rate_interval]))`
  return [0.5, 0.95, 0.99].map((share) => [`histogram_quantile(${share}, ${buckets})`, `${share * 100} %`])
}

function source() {
  return { type: 'prometheus', uid: '${datasource}' }
}

if (import.meta.main) {
  const file = join(import.meta.dirname, '../deploy/grafana/dashboards/pombo.json')
  writeFileSync(file, `${JSON.stringify(dashboard(), null, 2)}\n`)
}

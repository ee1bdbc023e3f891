import { afterEach, expect, test } from 'vitest'
import { boundedLabel } from './label.ts'
import { openMetrics, type Metrics } from './metrics.ts'

const open: Metrics[] = []

function metrics(): Metrics {
  const made = openMetrics({ node: false })
  open.push(made)
  return made
}

afterEach(() => {
  for (const one of open.splice(0)) one.stop()
})

async function line(from: Metrics, start: string): Promise<string | undefined> {
  return (await from.render()).text.split('\n').find((text) => text.startsWith(start))
}

test('an attempt counts once by type and status and once in the duration histogram', async () => {
  const made = metrics()
  made.recordAttempt({ eventType: 'message.received', status: 'success', durationMs: 20 })
  made.recordAttempt({ eventType: 'message.received', status: 'success', durationMs: 300 })
  made.recordAttempt({ eventType: 'message.received', status: 'retrying', durationMs: 5 })
  const text = (await made.render()).text
  expect(text).toContain('webhooks_total{event_type="message.received",status="success"} 2')
  expect(text).toContain('webhooks_total{event_type="message.received",status="retrying"} 1')
  expect(text).toContain(
    'webhook_duration_seconds_bucket{le="0.025",event_type="message.received"} 2',
  )
  expect(text).toContain('webhook_duration_seconds_count{event_type="message.received"} 3')
  expect(text).toContain('webhook_duration_seconds_sum{event_type="message.received"} 0.325')
})

test('no more than 200 event types become labels, and none can break the format', async () => {
  const made = metrics()
  for (let index = 0; index < 1_000; index++)
    made.recordAttempt({ eventType: `type.${index}`, status: 'success', durationMs: 1 })
  const text = (await made.render()).text
  const types = new Set(
    [...text.matchAll(/webhooks_total\{event_type="([^"]+)",status="success"\}/g)].map(
      (match) => match[1],
    ),
  )
  expect(types.size).toBe(201)
  expect(text).toContain('webhooks_total{event_type="other",status="success"} 800')
  expect(boundedLabel(10)(`a"b\n${'é'.repeat(100)}`)).toMatch(/^a_b_{61}$/)
  expect(boundedLabel(10)('')).toBe('none')
})

test('commits, claims, accepted messages and gauges are there', async () => {
  const made = metrics()
  made.recordCommit(40, 3)
  made.recordClaim(1)
  made.recordAccepted('accepted', 40)
  made.recordAccepted('overloaded')
  made.setInFlight(7)
  made.setCircuits({ open: 2, 'half-open': 1 })
  const text = (await made.render()).text
  expect(text).toContain('pombo_commit_messages_bucket{le="50"} 1')
  expect(text).toContain('pombo_commit_seconds_sum 0.003')
  expect(text).toContain('pombo_claim_seconds_count 1')
  expect(text).toContain('pombo_accepted_total{result="accepted"} 40')
  expect(text).toContain('pombo_accepted_total{result="overloaded"} 1')
  expect(text).toContain('pombo_in_flight 7')
  expect(text).toContain('pombo_circuits{state="open"} 2')
  expect(text).toMatch(/pombo_event_loop_lag_seconds\{at="p99"\} \d/)
  made.setCircuits({ open: 1 })
  expect((await made.render()).text).not.toContain('half-open')
})

test('the queue is asked at a scrape, and not again at the next one', async () => {
  const made = metrics()
  let asked = 0
  made.watchQueue(async () => {
    asked += 1
    return [{ state: 'pending', depth: 12, oldestSeconds: 3.5 }]
  })
  const scrapes = await Promise.all([made.render(), made.render()])
  for (const { text } of scrapes) {
    expect(text).toContain('pombo_queue_depth{state="pending"} 12')
    expect(text).toContain('pombo_queue_oldest_seconds{state="pending"} 3.5')
  }
  await made.render()
  expect(asked).toBe(1)
})

test('rows that are gone and not cleaned are shown, and how old the transaction is that keeps them', async () => {
  const made = metrics()
  made.setUncleaned({ dead: 120_000, oldest: { ageMs: 90_000 } })
  expect(await line(made, 'pombo_queue_dead_rows')).toBe('pombo_queue_dead_rows 120000')
  expect(await line(made, 'pombo_database_oldest_transaction_seconds')).toBe(
    'pombo_database_oldest_transaction_seconds 90',
  )
})

test('a database that is away or hangs does not take the metrics with it', async () => {
  const failing = metrics()
  failing.setQueue([{ state: 'pending', depth: 5, oldestSeconds: 1 }])
  failing.watchQueue(() => Promise.reject(new Error('away')))
  expect(await line(failing, 'pombo_queue_depth{')).toBe('pombo_queue_depth{state="pending"} 5')
  const hanging = metrics()
  hanging.recordAccepted('accepted')
  hanging.watchQueue(() => new Promise(() => {}))
  expect(await line(hanging, 'pombo_accepted_total{')).toBe(
    'pombo_accepted_total{result="accepted"} 1',
  )
})

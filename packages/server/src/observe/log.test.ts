import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { showId, uuidv7 } from '../core/id.ts'
import type { AttemptLine } from './attempt-line.ts'
import { openLog, type LogOptions } from './log.ts'

function collect(options: Partial<LogOptions> = {}) {
  const lines: string[] = []
  const log = openLog({
    level: 'info',
    format: 'json',
    write: (line) => lines.push(line),
    ...options,
  })
  return {
    log,
    lines,
    parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  }
}

const attempt: AttemptLine = {
  tenantId: uuidv7(1_700_000_000_000),
  appId: uuidv7(1_700_000_000_000),
  endpointId: uuidv7(1_700_000_000_000),
  messageId: uuidv7(1_700_000_000_000),
  eventType: 'message.received',
  attempt: 2,
  outcome: 'refused',
  statusCode: 503,
  durationMs: 41,
  requestBytes: 700,
  responseBytes: 12,
  nextAttemptAtMs: 1_700_000_300_000,
  circuit: 'closed',
  dialect: 'standard',
  error: 'The receiver answered "503".',
}

test('an attempt is one line of JSON with all its facts', () => {
  const { log, parsed, lines } = collect({ node: 'node_a' })
  log.attemptLine(attempt)
  expect(lines[0]).toMatch(/^[^\n]+\n$/)
  expect(parsed()).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      node: 'node_a',
      msg: 'attempt',
      tenant: showId('tenant', attempt.tenantId),
      app: showId('app', attempt.appId),
      endpoint: showId('endpoint', attempt.endpointId),
      message: showId('message', attempt.messageId),
      eventType: 'message.received',
      attempt: 2,
      outcome: 'refused',
      status: 503,
      durationMs: 41,
      requestBytes: 700,
      responseBytes: 12,
      nextAttemptAt: '2023-11-14T22:18:20.000Z',
      circuit: 'closed',
      dialect: 'standard',
      error: 'The receiver answered "503".',
    },
  ])
})

test('an event type with quotes and line breaks cannot forge a line', () => {
  const { log, parsed } = collect()
  log.attemptLine({ ...attempt, eventType: 'a"}\n{"level":"fatal' })
  expect(parsed()).toMatchObject([{ eventType: 'a"}\n{"level":"fatal' }])
  const readable = collect({ format: 'line' })
  readable.log.attemptLine({ ...attempt, error: 'one\ntwo', eventType: 'a\nb' })
  expect(readable.lines[0]!.trimEnd()).not.toContain('\n')
})

test('attempts are not logged above level info', () => {
  const { log, lines } = collect({ level: 'warn' })
  log.attemptLine(attempt)
  expect(lines).toEqual([])
})

test('secrets and payloads are hidden wherever they stand', () => {
  const { log, lines } = collect()
  const hidden = 'hunter2'
  log.main.info(
    {
      headers: { Authorization: hidden, 'api-key': hidden, apikey: hidden, 'set-cookie': hidden },
      url: 'u',
    },
    'one',
  )
  log.main.info(
    {
      endpoint: { secrets: [hidden], list: [{ token: hidden, mediaKey: hidden }] },
      payload: { text: hidden },
    },
    'two',
  )
  log.main.info(
    { password: hidden, secret: hidden, client_secret: hidden, databaseUrl: hidden },
    'three',
  )
  expect(lines.join('')).not.toContain(hidden)
  expect(lines[0]).toContain('"url":"u"')
})

test('an error is logged with its cause and code, but not with the request that its library hangs on it', () => {
  const { log, parsed, lines } = collect()
  const error = Object.assign(new Error('outer', { cause: new Error('inner') }), {
    code: '23505',
    request: { body: 'hunter2' },
    detail: 'hunter2',
  })
  log.main.error(error, 'it failed')
  log.main.error({ err: error, error }, 'it failed')
  expect(lines.join('')).not.toContain('hunter2')
  expect(parsed()[0]).toMatchObject({
    msg: 'it failed',
    err: { message: 'outer', code: '23505', cause: { message: 'inner' } },
  })
  expect(parsed()[1]).toMatchObject({ error: { message: 'outer' } })
})

test('for people a line is short, and an error shows its stack', () => {
  const { log, lines } = collect({ format: 'line' })
  log.main.warn({ port: 8071 }, 'the port is taken')
  log.main.error(new Error('boom'), 'it failed')
  log.attemptLine(attempt)
  const plain = lines.map(stripVTControlCharacters)
  expect(plain[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} warn {2}the port is taken port=8071\n$/)
  expect(plain[1]).toMatch(/error it failed\n {4}Error: boom\n {8}at /)
  expect(plain[2]).toMatch(
    /info {2}refused 503 in 41 ms, again in 0 s {2}message\.received #2 {2}msg_\w+ → ep_\w+: The receiver/,
  )
})

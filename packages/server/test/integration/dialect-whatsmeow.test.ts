// The routes of the dialect whatsmeow: Pombo, whole, over HTTP, against the delivery plan's fields and JSON.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Called } from '../support/called.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { until, receiverOfTest } from '../support/receiver.ts'
import { startReceiver as startProgram } from '../support/receiver-process.ts'

let pombo: TestPombo
let sessions = 0

beforeAll(async () => {
  pombo = await startPombo({ WEBHOOK_MAX_RETRIES: '1', WEBHOOK_RETRY_DELAY: '100ms' })
})
afterAll(async () => await pombo?.stop())

function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Called> {
  return pombo.call(method, `/api/whatsmeow${path}`, {
    ...(body === undefined ? {} : { body }),
    headers: { authorization: `Bearer ${pombo.key}`, ...headers },
  })
}

function newSession(): string {
  sessions += 1
  return `550e8400-e29b-41d4-a716-4466554400${String(sessions).padStart(2, '0')}`
}

/** As `json.Marshal(evt)` of an *events.Message gives it. */
function messageEvent(id: string, text = 'Olá, tudo bem?') {
  return {
    Info: {
      Chat: '5511999999999@s.whatsapp.net',
      Sender: '5511999999999@s.whatsapp.net',
      IsFromMe: false,
      IsGroup: false,
      ID: id,
      Type: 'text',
      PushName: 'Maria',
      Timestamp: '2025-11-06T10:30:00Z',
    },
    Message: { conversation: text },
  }
}

async function oneLog(session: string, more = ''): Promise<Record<string, unknown>> {
  return await until(async () => {
    const { body } = await call('GET', `/webhook/logs?session_id=${session}${more}`)
    return body.logs[0] as Record<string, unknown> | undefined
  })
}

test('an event of a Go program arrives as the document’s message, with its token and its signature', async () => {
  const session = newSession()
  const secret = 'segredo: ação!'
  const program = await startProgram('whatsmeow/receiver.ts', {
    WEBHOOK_TOKEN: 'tok_9f8e7d',
    WEBHOOK_SECRET: secret,
  })
  try {
    const put = await call('PUT', `/sessions/${session}/webhook`, {
      enabled: true,
      url: program.url,
      events: ['message', 'Connected'],
      token: 'tok_9f8e7d',
      secret,
    })
    expect(put.status).toBe(200)
    for (const [type, event] of [
      ['message', messageEvent('3EB0123456789ABCDEF')],
      ['Connected', {}],
    ] as const) {
      const posted = await call('POST', `/sessions/${session}/events`, { type, event })
      expect(posted.status).toBe(202)
      expect(posted.body).toMatchObject({ session_id: session, type, known: true })
      expect(posted.body.events).toMatchObject([{ status: 'queued', reason: null }])
      const name = type.toLowerCase()
      expect(await program.next()).toEqual({ status: 200, event: name, session })
    }
  } finally {
    await program.stop()
  }
})

test('the body on the wire is the document’s, field by field, and unsigned where no secret was given', async () => {
  const session = newSession()
  const target = await receiverOfTest()
  await call('PUT', `/sessions/${session}/webhook`, { url: target.url, token: 'raw-token' })
  await call('POST', `/sessions/${session}/events`, {
    type: 'Message',
    event: messageEvent('3EB0123456789ABCDEF'),
  })
  const [request] = await target.waitFor(1)
  expect(request!.headers.authorization).toBe('raw-token')
  expect(request!.headers['content-type']).toBe('application/json')
  expect(request!.headers['x-webhook-signature']).toBeUndefined()
  expect(JSON.parse(request!.body)).toEqual({
    event: 'message',
    session_id: session,
    timestamp: '2025-11-06T10:30:00Z',
    data: expect.objectContaining({
      message_id: '3EB0123456789ABCDEF',
      from: '5511999999999@s.whatsapp.net',
      from_me: false,
      chat: '5511999999999@s.whatsapp.net',
      timestamp: '2025-11-06T10:30:00Z',
      type: 'conversation',
      body: 'Olá, tudo bem?',
      media_type: null,
    }),
  })
})

test('the log has every column of webhook_logs, and one row has the payload and the answer', async () => {
  const session = newSession()
  const target = await receiverOfTest(() => ({ status: 200, body: 'obrigado' }))
  await call('PUT', `/sessions/${session}/webhook`, { url: target.url })
  await call('POST', `/sessions/${session}/events`, { type: 'message', event: messageEvent('A1') })
  const row = await oneLog(session, '&status=success')
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown
  const columns = {
    id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
    session_id: session,
    event_type: 'message',
    webhook_url: target.url,
    response_status: 200,
    attempt: 1,
    max_attempts: 2,
    status: 'success',
    error_message: null,
    created_at: time,
    sent_at: time,
    completed_at: time,
    next_retry_at: null,
  }
  expect(row).toEqual(columns)
  const one = await call('GET', `/webhook/logs/${String(row['id'])}`)
  expect(one.body).toEqual({
    ...columns,
    payload: JSON.parse(target.received[0]!.body),
    response_body: 'obrigado',
  })
})

test('a delivery is pending, retrying, then failed, each with what the document shows of it', async () => {
  const session = newSession()
  const target = await receiverOfTest(() => ({ status: 500, body: 'quebrou' }))
  await call('PUT', `/sessions/${session}/webhook`, { url: target.url })
  await call('POST', `/sessions/${session}/events`, { type: 'qr', event: { Codes: ['2@a'] } })
  await until(async () => (await oneLog(session)).status === 'failed')
  expect(await oneLog(session, '&status=failed')).toMatchObject({
    event_type: 'qr',
    attempt: 2,
    max_attempts: 2,
    response_status: 500,
    error_message: 'status 500',
    next_retry_at: null,
  })
  expect(
    (await call('GET', `/webhook/logs?session_id=${session}&status=success`)).body.logs,
  ).toEqual([])

  const slow = newSession()
  const down = await receiverOfTest(() => ({ status: 503, headers: { 'retry-after': '60' } }))
  await call('PUT', `/sessions/${slow}/webhook`, { url: down.url })
  await call('POST', `/sessions/${slow}/events`, { type: 'connected', event: {} })
  const waiting = await oneLog(slow, '&status=retrying')
  expect(waiting).toMatchObject({ attempt: 1, error_message: 'status 503', completed_at: null })
  expect(Date.parse(String(waiting['next_retry_at']))).toBeGreaterThan(Date.now() + 30_000)
})

test('the log is filtered by event type and time, and paged newest first', async () => {
  const session = newSession()
  const target = await receiverOfTest()
  await call('PUT', `/sessions/${session}/webhook`, { url: target.url, events: ['all'] })
  const before = new Date().toISOString()
  for (let n = 0; n < 5; n++)
    await call('POST', `/sessions/${session}/events`, {
      type: n % 2 ? 'connected' : 'message',
      event: n % 2 ? {} : messageEvent(`P${n}`),
    })
  await target.waitFor(5)
  const list = async (more: string) =>
    (await call('GET', `/webhook/logs?session_id=${session}${more}`)).body
  await until(async () => (await list('&status=success')).logs.length === 5)
  expect((await list('&event_type=message')).logs).toHaveLength(3)
  expect((await list('&event_type=Connected')).logs).toHaveLength(2)
  expect((await list(`&until=${before}`)).logs).toEqual([])
  expect((await list(`&since=${before}`)).logs).toHaveLength(5)
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: { logs: { created_at: string; id: string }[]; next_cursor: string | null } =
      await list(`&limit=2${cursor && `&cursor=${cursor}`}`)
    seen.push(...page.logs.map((log) => `${log.created_at} ${log.id}`))
    cursor = page.next_cursor
  }
  expect(seen).toHaveLength(5)
  expect(new Set(seen).size).toBe(5)
  expect(seen.map((one) => one.slice(0, 24))).toEqual(
    seen
      .map((one) => one.slice(0, 24))
      .toSorted()
      .toReversed(),
  )
})

test('what a disabled webhook, or one that did not subscribe, would have got is recorded with the reason', async () => {
  const session = newSession()
  const target = await receiverOfTest()
  const path = `/sessions/${session}/webhook`
  const post = async () => {
    const event = messageEvent(`N${Math.random()}`)
    return (await call('POST', `/sessions/${session}/events`, { type: 'message', event })).body
      .events
  }
  expect(await post()).toMatchObject([{ status: 'not_sent', reason: 'the session has no webhook' }])
  await call('PUT', path, { url: target.url, events: ['connected'] })
  expect(await post()).toMatchObject([
    { status: 'not_sent', reason: 'the webhook is not subscribed to it' },
  ])
  await call('PUT', path, { url: target.url, enabled: false, events: ['all'] })
  expect(await post()).toMatchObject([{ status: 'not_sent', reason: 'the webhook is disabled' }])
  const { body } = await call('GET', `/webhook/logs?session_id=${session}&status=not_sent`)
  expect(
    body.logs.map((log: Record<string, unknown>) => [log['status'], log['error_message']]),
  ).toEqual([
    ['not_sent', 'not sent: endpoint disabled'],
    ['not_sent', 'no endpoint matched: 1 not subscribed to this event type'],
    ['not_sent', 'the app has no endpoints'],
  ])
  expect((await call('GET', `/webhook/logs?session_id=${session}`)).body.logs).toEqual([])
  const unmatched = await call('GET', `/webhook/logs/${body.logs[1].id}`)
  expect(unmatched.body).toMatchObject({ event_type: 'message', payload: { event: 'message' } })
  expect(target.received).toEqual([])
})

test('an unknown type is accepted, flagged, and delivered under its snake_case name; a repeat is known', async () => {
  const session = newSession()
  const target = await receiverOfTest()
  await call('PUT', `/sessions/${session}/webhook`, { url: target.url })
  const posted = await call('POST', `/sessions/${session}/events`, {
    type: 'ChannelPollClosed',
    event: { ID: 12 },
  })
  expect(posted.body).toMatchObject({ known: false, events: [{ event: 'channel_poll_closed' }] })
  const [request] = await target.waitFor(1)
  expect(JSON.parse(request!.body)).toMatchObject({
    event: 'channel_poll_closed',
    data: { ID: 12 },
  })

  const send = { type: 'message', event: messageEvent('SAME') }
  const first = await call('POST', `/sessions/${session}/events`, send)
  const again = await call('POST', `/sessions/${session}/events`, send)
  expect(again.body.events).toEqual([
    { event: 'message', id: first.body.events[0].id, status: 'duplicate', reason: null },
  ])
})

test('a session’s webhook is set, shown, changed and taken away', async () => {
  const session = newSession()
  const path = `/sessions/${session}/webhook`
  const url = 'https://cliente.example.com/hook'
  expect((await call('GET', path)).status).toBe(404)
  await call('PUT', path, {
    enabled: true,
    url,
    events: ['Message', 'LoggedOut'],
    token: 't',
    secret: 's',
  })
  expect((await call('GET', path)).body).toMatchObject({
    session_id: session,
    enabled: true,
    url,
    events: ['message', 'logged_out'],
    token: 't',
    signed: true,
  })
  // What is left out stays; what is emptied goes.
  await call('PUT', path, { enabled: false, url, events: ['all'] })
  expect((await call('GET', path)).body).toMatchObject({
    enabled: false,
    events: ['all'],
    token: 't',
    signed: true,
  })
  await call('PUT', path, { url, token: '', secret: null })
  expect((await call('GET', path)).body).toMatchObject({ enabled: true, token: '', signed: false })
  expect((await call('DELETE', path)).status).toBe(204)
  expect((await call('GET', path)).body).toMatchObject({ enabled: false, url: '', events: [] })
  expect(
    (await call('PUT', path, { enabled: false, url: '', events: null, token: '' })).status,
  ).toBe(200)
})

test('a mistake gets one answer in the dialect’s form that names all of it', async () => {
  const session = newSession()
  const path = `/sessions/${session}/webhook`
  const url = 'https://cliente.example.com/hook'
  const wrong = [
    [{ url: 'ftp://cliente.example.com' }, 422, /url/],
    [{ url: 'nada' }, 422, /not an absolute URL/],
    [{ url: 'http://10.0.0.1/hook' }, 422, /url/],
    [{ url, events: ['mesage'] }, 422, /did you mean "message"/],
    [{ url, events: [] }, 422, /\["all"\]/],
    [{ enabled: true }, 422, /url/],
    [{ enabled: 'yes', url: 1 }, 422, /enabled.*url/],
  ] as const
  for (const [body, status, detail] of wrong) {
    const answer = await call('PUT', path, body)
    expect([answer.status, answer.body.error], JSON.stringify(body)).toEqual([
      status,
      expect.stringMatching(detail),
    ])
  }
  expect((await call('POST', `/sessions/${session}/events`, { event: {} })).body).toMatchObject({
    code: 'validation',
    problems: [{ loc: ['body', 'type'], msg: 'field required' }],
  })
  const long = 'x'.repeat(257)
  for (const [method, at, body] of [
    ['PUT', `/sessions/${long}/webhook`, { url }],
    ['POST', `/sessions/${long}/events`, { type: 'Message', event: {} }],
  ] as const)
    expect((await call(method, at, body)).body.problems).toMatchObject([
      { loc: ['path', 'id'], code: 'length_between' },
    ])
  expect((await call('GET', '/webhook/logs?limit=0')).status).toBe(422)
  expect((await call('GET', '/webhook/logs?status=ok')).body.error).toMatch(/pending, retrying/)
  expect((await call('GET', '/webhook/logs?cursor=x')).status).toBe(422)
  expect((await call('GET', '/webhook/logs/abc123')).status).toBe(404)
  expect((await call('GET', '/webhook/logs?session_id=nobody')).status).toBe(404)
  expect(pombo.errors).toEqual([])
})

test('in production a webhook is HTTPS, and neither this machine nor a private address', async () => {
  const strict = await startPombo({ NODE_ENV: 'production', POMBO_ALLOW_SUBNETS: '' })
  try {
    const put = (url: string) =>
      strict.call('PUT', '/api/whatsmeow/sessions/s/webhook', {
        body: { url },
        headers: { authorization: strict.key },
      })
    const refused = [
      ['http://cliente.example.com/hook', /https/],
      ['https://localhost/hook', /localhost/],
      ['https://127.0.0.1/hook', /127\.0\.0\.1/],
      ['https://[::1]/hook', /::1/],
      ['https://192.168.0.10/hook', /192\.168\.0\.10/],
    ] as const
    for (const [url, detail] of refused)
      expect((await put(url)).body, url).toMatchObject({ error: expect.stringMatching(detail) })
    expect((await put('https://cliente.example.com/hook')).status).toBe(200)
  } finally {
    await strict.stop()
  }
})

test('the key is taken as Bearer and bare, and nothing else is', async () => {
  const ask = (authorization: string | undefined) =>
    pombo.call('GET', '/api/whatsmeow/webhook/events', {
      headers: authorization === undefined ? {} : { authorization },
    })
  expect((await ask(pombo.key)).status).toBe(200)
  expect((await ask(`Bearer ${pombo.key}`)).status).toBe(200)
  for (const other of [undefined, '', 'Bearer x', `Basic ${btoa(`u:${pombo.key}`)}`]) {
    const answer = await ask(other)
    expect([answer.status, answer.body.code]).toEqual([401, 'authentication_failed'])
  }
})

test('the catalogue lists the 70 types, and says of a name whether it is one', async () => {
  const { body } = await call('GET', '/webhook/events')
  expect(body).toMatchObject({ wildcard: 'all', total: 70 })
  expect(body.events).toHaveLength(70)
  expect(body.events[0]).toEqual({
    event: 'message',
    type: 'Message',
    category: 'messages',
    description: expect.any(String) as unknown,
  })
  expect((await call('GET', '/webhook/events/LoggedOut')).body.event).toBe('logged_out')
  expect((await call('GET', '/webhook/events/nada')).status).toBe(422)
})

test('attempts are counted under the document’s two metrics', async () => {
  const session = newSession()
  const target = await receiverOfTest()
  await call('PUT', `/sessions/${session}/webhook`, { url: target.url })
  await call('POST', `/sessions/${session}/events`, { type: 'connected', event: {} })
  await target.waitFor(1)
  const text = await until(async () => {
    const { text: rendered } = await pombo.call('GET', '/metrics')
    return rendered.includes('webhooks_total{') ? rendered : undefined
  })
  expect(text).toMatch(
    /webhooks_total\{event_type="session\.connected",status="success"[^}]*\} [1-9]/,
  )
  expect(text).toMatch(/webhook_duration_seconds_bucket\{[^}]*event_type="session\.connected"/)
})

test('the document’s variables are this dialect’s defaults', async () => {
  const tuned = await startPombo({
    WEBHOOK_MAX_RETRIES: '0',
    WEBHOOK_TIMEOUT: '1s',
    WEBHOOK_WORKERS: '3',
    WEBHOOK_QUEUE_SIZE: '2',
    WEBHOOK_ENABLE_LOGS: 'false',
    WEBHOOK_LOG_RETENTION: '1h',
  })
  try {
    const hanging = await receiverOfTest(() => ({ hang: true }))
    const headers = { authorization: `Bearer ${tuned.key}` }
    const body = { url: hanging.url }
    await tuned.call('PUT', '/api/whatsmeow/sessions/s/webhook', { body, headers })
    const send = (n: number) =>
      tuned.call('POST', '/api/whatsmeow/sessions/s/events', {
        body: { type: 'message', event: messageEvent(`T${n}`) },
        headers,
      })
    await send(0)
    const { rows } = await until(async () => {
      const found = await tuned.app.pool.query<{ state: string; reason: string; attempts: number }>(
        'select state, reason, attempts from history where state is not null',
      )
      return found.rows.length > 0 ? found : undefined
    })
    expect(rows).toEqual([{ state: 'exhausted', reason: 'gave up after 1 attempts', attempts: 1 }])
    expect(
      (await tuned.call('GET', '/api/whatsmeow/webhook/logs', { headers })).body.error,
    ).toMatch(/WEBHOOK_ENABLE_LOGS/)
    // Three are under way at most; beyond them two may wait.
    // Each ends after a second, so that on a busy machine it takes more than six to fill both.
    let full: Awaited<ReturnType<typeof send>> | undefined
    for (let n = 1; n <= 40 && full === undefined; n++) {
      const answer = await send(n)
      if (answer.status === 503) full = answer
    }
    const { rows: endpoints } = await tuned.app.pool.query('select max_in_flight from endpoint')
    expect(endpoints).toEqual([{ max_in_flight: 3 }])
    expect(full?.body.error).toMatch(/WEBHOOK_QUEUE_SIZE/)
    expect(full?.headers.get('retry-after')).toBe('5')
  } finally {
    await tuned.stop()
  }
})

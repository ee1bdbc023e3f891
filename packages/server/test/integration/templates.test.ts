// Each template, used: what arrives at a real receiver is what the service behind it asks for in public.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { templates } from '../../src/api/templates/catalogue.ts'
import { type DatabaseLine, openLine } from '../support/database-line.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let pombo: TestPombo
let receiver: Receiver
let line: DatabaseLine | undefined
beforeAll(async () => {
  receiver = await startReceiver()
  pombo = await startPombo()
  for (const { id } of templates) await call('POST', '/app', { name: id, uid: id })
})
afterAll(async () => {
  await pombo?.stop()
  await line?.cut()
  await receiver?.close()
})

const call: TestPombo['api'] = (...given) => pombo.api(...given)

/** What the samples say, with what would be markup where it arrives. */
const question = {
  type: 'message.received',
  sender: { name: 'Ana Souza', phone: '5511987650001' },
  content: { type: 'text', text: 'Oi! <3 & mais @everyone' },
}
const payload = JSON.stringify(question)
const said = 'message.received · Ana Souza: Oi! <3 & mais @everyone'

interface Expected {
  values: Record<string, string>
  path: string
  headers?: Record<string, string>
  body: unknown
}

const expected: Record<string, () => Expected> = {
  n8n: () => ({
    values: { url: `${receiver.url}/webhook/shop`, header: 'X-N8N-Key', value: 's3cret' },
    path: '/webhook/shop',
    headers: { 'x-n8n-key': 's3cret' },
    body: {
      type: 'message.received',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      data: expect.objectContaining({ content: question.content }),
    },
  }),
  slack: () => ({
    values: { url: `${receiver.url}/services/T0/B0/XX` },
    path: '/services/T0/B0/XX',
    body: { text: 'message.received · Ana Souza: Oi! &lt;3 &amp; mais @everyone' },
  }),
  discord: () => ({
    values: { url: `${receiver.url}/api/webhooks/1/token` },
    path: '/api/webhooks/1/token',
    body: { content: said, allowed_mentions: { parse: [] } },
  }),
  teams: () => ({
    values: { url: `${receiver.url}/workflows/1` },
    path: '/workflows/1',
    body: {
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          contentUrl: null,
          content: {
            $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
            type: 'AdaptiveCard',
            version: '1.2',
            body: [{ type: 'TextBlock', wrap: true, text: said }],
          },
        },
      ],
    },
  }),
  telegram: () => ({
    values: { token: '123:AAF-x_y', chat: '-1001234567890', server: `${receiver.url}/` },
    path: '/bot123:AAF-x_y/sendMessage',
    body: { chat_id: '-1001234567890', text: said, link_preview_options: { is_disabled: true } },
  }),
  evolution: () => ({
    values: { url: `${receiver.url}/evolution`, apikey: 'B6D711FC' },
    path: '/evolution',
    body: expect.objectContaining({ event: 'messages.upsert', apikey: 'B6D711FC' }),
  }),
  zaphub: () => ({
    values: { url: `${receiver.url}/zaphub`, secret: 'a-secret-of-both' },
    path: '/zaphub',
    headers: {
      'x-zaphub-event': 'message.received',
      'x-zaphub-signature': expect.stringMatching(/^sha256=[0-9a-f]{64}$/) as unknown as string,
    },
    body: expect.objectContaining({ event: 'message.received', payload: expect.anything() }),
  }),
  chatwoot: () => ({
    values: { url: receiver.url, account: '3', conversation: '42', token: 'agent-token' },
    path: '/api/v1/accounts/3/conversations/42/messages',
    headers: { api_access_token: 'agent-token' },
    body: { content: said, message_type: 'outgoing', private: true },
  }),
  typebot: () => ({
    values: { url: receiver.url, bot: 'my-bot-x3k9' },
    path: '/api/v1/typebots/my-bot-x3k9/startChat',
    body: {
      message: { type: 'text', text: said },
      isStreamEnabled: false,
      prefilledVariables: {
        'Event type': 'message.received',
        'Message id': expect.stringMatching(/^msg_/),
        Payload: payload,
      },
    },
  }),
}

describe.each(templates.filter(({ kind }) => kind !== 'database'))('$name', ({ id }) => {
  test('sends what the service asks for, and shows it before', async () => {
    const { values, path, headers = {}, body } = expected[id]!()
    const made = await call('POST', `/app/${id}/template/${id}/endpoint`, { values })
    expect(made.status, made.text).toBe(201)
    const sent = await pombo.call('POST', `/api/v1/app/${id}/msg`, {
      headers: { authorization: `Bearer ${pombo.key}` },
      text: `{"eventType": "message.received", "payload": ${payload}}`,
    })
    const arrived = await until(() => receiver.received.find((one) => one.path === path))
    expect(arrived.headers).toMatchObject({ 'content-type': 'application/json', ...headers })
    expect(JSON.parse(arrived.body)).toEqual(body)

    const shown = await call('POST', `/app/${id}/template/${id}/try`, {
      values,
      messageId: sent.body.id,
    })
    expect(shown.body).toMatchObject({ problem: null, request: { url: receiver.url + path } })
    expect(JSON.parse(shown.body.request.body)).toEqual(body)
  })
})

test('the database sink writes a row a message into the table that its own set-up makes', async () => {
  line = await openLine(pombo.database.url)
  const { pool } = pombo.database
  const { body: list } = await call('GET', '/template')
  const { setUp } = list.data.find((one: { id: string }) => one.id === 'postgres')
  await pool.query(setUp)
  const { host, username, pathname } = new URL(line.url)
  const url = `postgres://${username}:s3cret-words@${host}${pathname}?sslmode=disable`
  const values = { url, table: 'pombo_events' }
  const made = await call('POST', '/app/postgres/template/postgres/endpoint', { values })
  expect(made.status, made.text).toBe(201)
  expect(made.text).not.toContain('s3cret-words')
  await call('POST', '/app/postgres/msg', { eventType: 'order.paid', payload: { order: 1042 } })
  const row = await until(async () => {
    const { rows } = await pool.query('select event_type, app, payload from pombo_events')
    return rows[0]
  })
  expect(row).toEqual({ event_type: 'order.paid', app: 'postgres', payload: { order: 1042 } })
})

test('what is not filled in is shown as in the examples, on the sample of the template', async () => {
  for (const { id, sample } of templates) {
    const { status, body } = await call('POST', `/app/${id}/template/${id}/try`, { values: {} })
    expect(status).toBe(200)
    expect(body.problem).toBeNull()
    const said = { evolution: 'messages.upsert', postgres: '"order":1042' }[id] ?? sample.eventType
    expect(body.request.body).toContain(said)
  }
})

test('what is wrong with a value is said at its field, and nothing is made', async () => {
  const at = '/app/telegram/template/telegram'
  const before = (await call('GET', '/app/telegram/endpoint')).body.data.length
  const missing = await call('POST', `${at}/endpoint`, { values: { chat: '1' } })
  expect(missing).toMatchObject({
    status: 422,
    body: { detail: [{ loc: ['body', 'values', 'token'], type: 'value_error.missing' }] },
  })
  const wrong = await call('POST', `${at}/endpoint`, { values: { token: 'no', chat: '1' } })
  expect(wrong.body.detail).toMatchObject([
    { loc: ['body', 'values', 'token'], msg: expect.stringContaining('123456789:') },
  ])
  for (const path of [`${at}/endpoint`, `${at}/try`]) {
    const unknown = await call('POST', path, { values: { tokem: '1:x', chat: '1' } })
    expect(unknown.body.detail).toMatchObject([
      { loc: ['body', 'values', 'tokem'], msg: expect.stringContaining('did you mean "token"?') },
    ])
  }
  expect(
    (await call('POST', '/app/telegram/template/teletype/endpoint', { values: {} })).status,
  ).toBe(404)
  expect((await call('GET', '/app/telegram/endpoint')).body.data).toHaveLength(before)
})

test('a customer uses templates for their own app alone, where they may administer it', async () => {
  const link = async (role: string) =>
    (await call('POST', '/auth/app-portal-access/slack', { role })).body.token as string
  const reader = await link('read')
  expect((await call('GET', '/template', undefined, reader)).body.data).toHaveLength(
    templates.length,
  )
  const values = { url: `${receiver.url}/other` }
  const using = async (app: string, key: string) =>
    (await call('POST', `/app/${app}/template/slack/endpoint`, { values }, key)).status
  expect(await using('slack', reader)).toBe(403)
  const owner = await link('administer')
  expect(await using('slack', owner)).toBe(201)
  expect(await using('discord', owner)).toBe(404)
})

// Payloads sealed at rest, for tenants who ask for it: in the database unreadable, everywhere else as they came.
import { createHash, randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import type { Called } from '../support/called.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

const keyOf = (byte: number) => Buffer.alloc(32, byte).toString('base64')
/** What a JSON parser would write another way. */
const exact = '{"segredo":"dado pessoal", "n":12345678901234567890,"p":1.0,"e":"\\u00e9"}'

let database: TestDatabase
let pombo: TestPombo
let receiver: Receiver
let running = false

beforeAll(async () => {
  database = await createTestDatabase()
  await start([keyOf(1)])
})
afterAll(async () => {
  if (running) await pombo.app.stop()
  await database?.drop()
})
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(async () => await receiver.close())

async function start(keys: string[]): Promise<void> {
  pombo = await startPombo(
    { POMBO_ENCRYPTION_KEYS: keys.join(','), POMBO_LOG_LEVEL: 'info' },
    database,
  )
  running = true
}

async function restart(keys: string[]): Promise<void> {
  await pombo.app.stop()
  running = false
  await start(keys)
}

interface Tenant {
  key: string
  app: string
  endpoint: string
}

async function call(
  tenant: { key: string },
  method: string,
  path: string,
  body?: unknown,
  text?: string,
): Promise<Called> {
  return await pombo.call(method, path, {
    ...(body === undefined ? {} : { body }),
    ...(text === undefined ? {} : { text }),
    headers: { authorization: `Bearer ${tenant.key}` },
  })
}

/** With an endpoint that tries again soon. */
async function newTenant(encryptPayloads: boolean, endpoint: object = {}): Promise<Tenant> {
  const { body: made } = await call(pombo, 'POST', '/api/v1/tenant', { name: 'T', encryptPayloads })
  expect(made.encryptPayloads).toBe(encryptPayloads)
  const tenant = { key: made.key as string }
  const app = (await call(tenant, 'POST', '/api/v1/app', { name: 'A', uid: 'a' })).body.id as string
  const { body } = await call(tenant, 'POST', `/api/v1/app/${app}/endpoint`, {
    url: receiver.url,
    uid: 'e',
    retrySchedule: [0.2, 0.2, 0.2, 0.2, 0.2, 1, 1, 1],
    ...endpoint,
  })
  return { ...tenant, app, endpoint: body.id as string }
}

async function send(
  { app, ...tenant }: Tenant,
  payload = exact,
  eventType = 'a.b',
): Promise<string> {
  const text = `{"eventType":"${eventType}","payload":${payload}}`
  const sent = await call(tenant, 'POST', `/api/v1/app/${app}/msg`, undefined, text)
  expect(sent.status).toBe(202)
  return sent.body.id as string
}

async function stored(id: string): Promise<string> {
  const { readId } = await import('../../src/core/id.ts')
  const { rows } = await database.pool.query<{ payload: string }>(
    'select payload from message where id = $1',
    [readId('message', id)],
  )
  return rows[0]!.payload
}

test('in the database no payload can be read; the receiver gets it to the letter, from memory and queue', async () => {
  receiver.answer = (_, index) => ({ status: index === 0 ? 503 : 200 })
  const tenant = await newTenant(true)
  const id = await send(tenant)
  const [fromMemory, fromQueue] = await receiver.waitFor(2)
  expect(fromMemory!.body).toBe(exact)
  expect(fromQueue!.body).toBe(exact)
  expect(await stored(id)).toMatch(/^sealed:[0-9a-f]{8}:/)
  const { rows } = await database.pool.query<{ name: string }>(
    `select table_name as name
       from information_schema.tables
      where table_schema = 'public' and table_type = 'BASE TABLE'`,
  )
  for (const { name } of rows) {
    const { rowCount } = await database.pool.query(
      `select from ${name} t where to_jsonb(t)::text like '%dado pessoal%'`,
    )
    expect(rowCount, name).toBe(0)
  }
})

test('one that is too large to wait in memory is opened right before it is sent', async () => {
  receiver.answer = (_, index) => ({ status: index === 0 ? 503 : 200 })
  const tenant = await newTenant(true)
  const large = `{"x":"${'é'.repeat(200_000)}"}`
  await send(tenant, large)
  const received = await receiver.waitFor(2)
  for (const { body } of received) expect(body === large).toBe(true)
})

test('another tenant’s are stored as they come, and what was there before stays as it was', async () => {
  const tenant = await newTenant(false)
  const before = await send(tenant)
  expect(await stored(before)).toBe(exact)
  const { body } = await call(pombo, 'GET', '/api/v1/tenant?order=descending&limit=1')
  await call(pombo, 'PATCH', `/api/v1/tenant/${body.data[0].id}`, { encryptPayloads: true })
  const after = await send(tenant)
  expect(await stored(after)).toMatch(/^sealed:/)
  for (const id of [before, after]) {
    const read = await call(tenant, 'GET', `/api/v1/app/${tenant.app}/msg/${id}`)
    expect(read.text).toContain(`"payload":${exact}`)
  }
})

test('the API shows it wherever it shows payloads', async () => {
  const tenant = await newTenant(true)
  const id = await send(tenant)
  await receiver.waitFor(1)
  const app = `/api/v1/app/${tenant.app}`
  await until(
    async () => (await call(tenant, 'GET', `${app}/attempt/msg/${id}`)).body.data.length > 0,
  )
  for (const path of [
    `${app}/msg/${id}`,
    `${app}/msg?with_content=true`,
    `${app}/endpoint/${tenant.endpoint}/msg?with_content=true`,
    `${app}/attempt/endpoint/${tenant.endpoint}?with_msg=true`,
  ])
    expect((await call(tenant, 'GET', path)).text, path).toContain(`"payload":${exact}`)
  const exported = await call(tenant, 'POST', '/api/v1/privacy/export', { keys: ['dado pessoal'] })
  expect(exported.text).toContain(`"payload":${exact}`)
})

test('what a repeated request made before is answered with its payload', async () => {
  const tenant = await newTenant(true)
  const headers = { authorization: `Bearer ${tenant.key}`, 'idempotency-key': 'once' }
  const text = `{"eventType":"a.b","payload":${exact}}`
  const path = `/api/v1/app/${tenant.app}/msg?with_content=true`
  const first = await pombo.call('POST', path, { text, headers })
  const again = await pombo.call('POST', path, { text, headers })
  expect(again.text).toBe(first.text)
  expect(again.text).toContain(exact)
})

test('a replay by a filter over payloads finds it', async () => {
  const tenant = await newTenant(true)
  await send(tenant, '{"amount":5}')
  await send(tenant, '{"amount":500}')
  await receiver.waitFor(2)
  const attempts = `/api/v1/app/${tenant.app}/attempt/endpoint/${tenant.endpoint}`
  await until(async () => (await call(tenant, 'GET', attempts)).body.data.length === 2)
  const replay = await call(tenant, 'POST', '/api/v1/replay', {
    appId: tenant.app,
    status: 'delivered',
    since: new Date(Date.now() - 60_000).toISOString(),
    payloadFilter: 'payload.amount > 100',
  })
  expect(replay.status).toBeLessThan(300)
  const received = await receiver.waitFor(3)
  expect(received[2]!.body).toBe('{"amount":500}')
})

test('a dialect’s log shows what was sent', async () => {
  const whole = { authorization: `Bearer ${(await newTenant(true)).key}` }
  await pombo.call('PUT', '/api/whatsmeow/sessions/s1/webhook', {
    body: { url: receiver.url },
    headers: whole,
  })
  await pombo.call('POST', '/api/whatsmeow/sessions/s1/events', {
    body: { type: 'PushNameSetting', event: { Action: { name: 'dado pessoal' } } },
    headers: whole,
  })
  await receiver.waitFor(1)
  const log = await until(async () => {
    const { body } = await pombo.call('GET', '/api/whatsmeow/webhook/logs?status=success', {
      headers: whole,
    })
    return body.logs[0] as { id: string } | undefined
  })
  const one = await pombo.call('GET', `/api/whatsmeow/webhook/logs/${log.id}`, { headers: whole })
  expect(one.body.payload).toEqual(JSON.parse(receiver.received[0]!.body))
})

test('batches, links to large members, resends, trials and a dialect’s failed list have it as it came', async () => {
  const tenant = await newTenant(true, { batch: { maxEvents: 2, maxWaitMs: 200 } })
  const app = `/api/v1/app/${tenant.app}`
  const id = await send(tenant)
  const [batch] = await receiver.waitFor(1)
  expect(batch!.body).toContain(`"payload":${exact}}`)

  await until(
    async () => (await call(tenant, 'GET', `${app}/attempt/msg/${id}`)).body.data.length === 1,
  )
  const resent = await call(tenant, 'POST', `${app}/msg/${id}/endpoint/${tenant.endpoint}/resend`)
  expect(resent.status).toBe(202)
  expect((await receiver.waitFor(2))[1]!.body).toContain(`"payload":${exact}}`)

  const trial = await call(tenant, 'POST', `${app}/endpoint/${tenant.endpoint}/transform`, {
    messageId: id,
    transform: { payload: '{"from": payload.segredo}' },
  })
  expect(trial.body).toMatchObject({ ok: true, payload: { from: 'dado pessoal' } })

  const linked = await newTenant(true, { oversize: { maxBytes: 2_000, action: 'link' } })
  const large = `{"n":1.0,"file":"${'dado pessoal '.repeat(1_000)}"}`
  await send(linked, large)
  const { body } = await until(() => receiver.received.find((one) => one.body.startsWith('{"n":')))
  const { url } = (JSON.parse(body) as { file: { url: string } }).file
  const { pathname, search } = new URL(url)
  expect(await (await fetch(pombo.url + pathname + search)).text()).toContain('dado pessoal dado')

  receiver.answer = () => ({ status: 503, headers: { 'retry-after': '60' } })
  const apikey = { apikey: (await newTenant(true)).key }
  await pombo.call('POST', '/webhook/set/loja', {
    body: { webhook: { enabled: true, url: `${receiver.url}/evolution` } },
    headers: apikey,
  })
  const event = {
    event: 'messages.upsert',
    instance: 'loja',
    data: {
      key: { remoteJid: '5511999999999@s.whatsapp.net', fromMe: false, id: 'E1' },
      message: { conversation: 'dado pessoal' },
      messageType: 'conversation',
      messageTimestamp: 1_762_510_200,
    },
  }
  await pombo.call('POST', '/evolution/loja', { body: event, headers: apikey })
  const failed = await until(async () => {
    const { body: answer } = await pombo.call('GET', '/webhook/failed', { headers: apikey })
    return answer.data.failedWebhooks[0] as { payload: { data: object } } | undefined
  })
  expect(failed.payload.data).toMatchObject({ message: { conversation: 'dado pessoal' } })
})

test('what is counted by content counts sealed messages too', { timeout: 90_000 }, async () => {
  const monitoring = await startReceiver()
  const watched = await startPombo({
    WEBHOOK_MONITORING_ENABLED: 'true',
    WEBHOOK_MONITORING_URL: monitoring.url,
    WEBHOOK_MONITORING_INTERVAL: '1s',
  })
  try {
    const headers = { authorization: `Bearer ${watched.key}` }
    const { body: tenants } = await watched.call('GET', '/api/v1/tenant', { headers })
    const path = `/api/v1/tenant/${tenants.data[0].id}`
    await watched.call('PATCH', path, { body: { encryptPayloads: true }, headers })
    const sound = (id: string, message: object) => ({
      event: 'messages.upsert',
      instance: 'loja',
      data: {
        key: { remoteJid: '5511999999999@s.whatsapp.net', fromMe: false, id },
        message,
        messageType: Object.keys(message)[0],
        messageTimestamp: 1_762_510_200,
      },
    })
    for (const body of [
      sound('S1', { audioMessage: { mimetype: 'audio/ogg', seconds: 3 } }),
      sound('S2', { conversation: 'Oi' }),
    ])
      await watched.call('POST', '/evolution/loja', { body, headers: { apikey: watched.key } })
    const { rows } = await watched.database.pool.query<{ payload: string }>(
      `select payload from message where event_type = 'message.received'`,
    )
    expect(rows.map(({ payload }) => payload.slice(0, 7))).toEqual(['sealed:', 'sealed:'])
    await until(
      () => monitoring.received.some(({ body }) => body.includes('"processed":1}')),
      60_000,
    )
  } finally {
    await watched.stop()
    await monitoring.close()
  }
})

test('keys rotate while messages wait: a new one seals anew what an older one sealed, and that can go', async () => {
  receiver.answer = () => ({ status: 503, headers: { 'retry-after': '6' } })
  const tenant = await newTenant(true)
  const id = await send(tenant)
  await receiver.waitFor(1)
  const old = await stored(id)
  await restart([keyOf(2), keyOf(1)])
  const anew = await until(async () => {
    const now = await stored(id)
    return now !== old && now
  })
  expect(anew.slice(0, 16)).not.toBe(old.slice(0, 16))
  const line = await until(() =>
    pombo.errors.find(({ msg }) => String(msg).startsWith('sealed anew')),
  )
  // Hashes and links that were made under it live as long as what they belong to: 30 days, unless configured otherwise.
  const days = (Date.parse(String(line['keepOlderKeysUntil'])) - Date.now()) / 86_400_000
  expect(Math.round(days)).toBe(30)
  await restart([keyOf(2)])
  receiver.answer = () => ({})
  const received = await receiver.waitFor(2)
  expect(received[1]!.body).toBe(exact)
})

test('without its key a payload waits, the log says which is missing, and others are delivered meanwhile', async () => {
  // Sealed under the key of the ring as it is now; a ring of others cannot open it.
  receiver.answer = (_, index) => ({ status: index < 2 ? 503 : 200 })
  const tenant = await newTenant(true, { retrySchedule: Array(40).fill(0.5) as number[] })
  const id = await send(tenant)
  const unwanted = await send(tenant, '{"unwanted":1}')
  await receiver.waitFor(2)
  const keyId = (await stored(id)).slice(7, 15)
  // The endpoint's secrets are under the same key: held, so that only the payload would be looked at, it is given none.
  await database.pool.query(
    `delete from endpoint_secret
      where tenant_id = (select tenant_id from message where payload like $1 order by id desc limit 1)`,
    [`sealed:${keyId}:%`],
  )
  await restart([keyOf(9)])
  const line = await until(() =>
    pombo.errors.find(
      ({ outcome, error }) => outcome === 'failed' && String(error).includes(keyId),
    ),
  )
  expect(String(line['error'])).toMatch(/not in the key ring/)
  const because = { code: 'sealed_key_missing', values: { key: keyId } }
  // Whoever asks for it is told which key is missing; lists without payloads go on.
  const app = `/api/v1/app/${tenant.app}`
  for (const path of [`${app}/msg/${id}`, `${app}/msg?with_content=true`]) {
    const refused = await call(tenant, 'GET', path)
    expect(refused.status).toBe(503)
    expect(refused.body).toMatchObject({
      code: 'payload_sealed',
      detail: expect.stringContaining(keyId) as unknown,
      because,
    })
  }
  const bare = await call(tenant, 'GET', `${app}/msg/${id}?with_content=false`)
  expect(bare).toMatchObject({ status: 200, body: { id, payload: {} } })
  const attempts = `${app}/attempt/msg/${id}`
  const [failed] = await until(async () => {
    const { data } = (await call(tenant, 'GET', attempts)).body
    return data[0]?.errorCoded ? data : undefined
  })
  expect(failed.errorCoded).toMatchObject(because)
  const listed = await call(tenant, 'GET', `${app}/msg?with_content=false`)
  expect(listed.body.data).toHaveLength(2)
  expect((await call(tenant, 'GET', `${app}/msg/${id}/endpoint`)).body.data).toHaveLength(1)
  const delivery = `${app}/msg/${unwanted}/endpoint/${tenant.endpoint}`
  await until(async () => (await call(tenant, 'DELETE', delivery)).status === 204)
  for (const what of ['export', 'erase']) {
    const { status, body } = await call(tenant, 'POST', `/api/v1/privacy/${what}`, {
      email: 'somebody@example.com',
    })
    expect(status).toBe(200)
    expect(what === 'erase' ? body.read.unreadable : body.unreadable).toBe(2)
  }
  const other = await newTenant(true)
  await send(other, '{"other":1}')
  await until(() => receiver.received.find(({ body }) => body === '{"other":1}'))
  await restart([keyOf(9), keyOf(2), keyOf(1)])
  await until(() => receiver.received.filter(({ body }) => body === exact).length >= 2)
})

test('a payload’s file is sealed with it, comes back to the byte, and is sealed anew under a new key', async () => {
  const old = [keyOf(9), keyOf(2), keyOf(1)]
  const tenant = await newTenant(true)
  const plain = await newTenant(false)
  // More than two parts of a download, the last one not full.
  const file = randomBytes(600_000)
  const event = {
    event: 'messages.upsert',
    instance: 'loja',
    data: {
      key: { remoteJid: '5511999990001@s.whatsapp.net', fromMe: false, id: 'F1' },
      message: { imageMessage: { mimetype: 'image/jpeg' }, base64: file.toString('base64') },
      messageType: 'imageMessage',
      messageTimestamp: 1_762_510_200,
    },
  }
  const linkOf = async (one: Tenant): Promise<string> => {
    expect((await call(one, 'POST', '/ingest/evolution/loja', event)).status).toBe(200)
    const { body } = await call(one, 'GET', '/api/v1/app/loja/msg?with_content=true')
    const url = new URL(body.data[0].payload.content.media.stored.url as string)
    return url.pathname + url.search
  }
  const download = async (link: string) => {
    const response = await fetch(pombo.url + link)
    return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) }
  }
  const storedFile = async (sealed: boolean) => {
    const { rows } = await database.pool.query<{ bytes: Buffer; key: Buffer | null; sha: Buffer }>(
      'select bytes, seal_key as key, sha256 as sha from media where seal_key is not null = $1',
      [sealed],
    )
    expect(rows).toHaveLength(1)
    return rows[0]!
  }
  const link = await linkOf(tenant)
  const other = await linkOf(plain)
  const sealed = await storedFile(true)
  for (let from = 0; from < file.length; from += 1_000)
    expect(sealed.bytes.includes(file.subarray(from, from + 16))).toBe(false)
  // Nor can it be tried whether a known file is there.
  expect(sealed.sha.equals(createHash('sha256').update(file).digest())).toBe(false)
  expect((await storedFile(false)).bytes.equals(file)).toBe(true)
  for (const one of [link, other]) expect((await download(one)).bytes.equals(file)).toBe(true)

  await restart([keyOf(3), ...old])
  const anew = await until(async () => {
    const now = await storedFile(true)
    return now.key!.equals(sealed.key!) ? undefined : now
  }, 30_000)
  expect((await download(link)).bytes.equals(file)).toBe(true)
  // Without that key, what the link leads to cannot be opened, and the answer says which is missing.
  await restart(old)
  const refused = await download(link)
  expect(refused.status).toBe(503)
  expect(JSON.parse(refused.bytes.toString())).toMatchObject({
    code: 'payload_sealed',
    detail: expect.stringContaining(anew.key!.toString('hex')) as unknown,
  })
  expect((await download(other)).bytes.equals(file)).toBe(true)
})

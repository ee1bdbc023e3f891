// A person of whom a tenant keeps things, and where they are found.
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { startApi, type TestApi } from './api-server.ts'
import { type Receiver, startReceiver, until } from './receiver.ts'

/** A server and a receiver; each test has a tenant of its own, with an app and an endpoint. */
export function personTests() {
  let api: TestApi
  let receiver: Receiver
  beforeAll(async () => {
    api = await startApi()
    receiver = await startReceiver()
  })
  afterAll(async () => {
    await receiver?.close()
    await api?.stop()
  })

  const person = { userId: 'u-4711', email: 'Maria@Example.com', phone: '+55 (11) 99999-9999' }

  interface Tenant {
    id: string
    uuid: string
    key: string
    app: string
    endpoint: string
  }
  let tenant: Tenant

  beforeEach(async () => {
    receiver.received.length = 0
    receiver.answer = () => ({ body: 'ok' })
    tenant = await newTenant()
  })

  async function newTenant(): Promise<Tenant> {
    const { body } = await api.call('POST', '/api/v1/tenant', { body: { name: 'T' } })
    const key = body.key as string
    const app = (await api.call('POST', '/api/v1/app', { body: { name: 'A' }, key })).body
      .id as string
    const made = await api.call('POST', `/api/v1/app/${app}/endpoint`, {
      body: { url: `${receiver.url}/hook` },
      key,
    })
    const { rows } = await api.database.pool.query<{ id: string }>(
      `select id from tenant order by id desc limit 1`,
    )
    return { id: body.id, uuid: rows[0]!.id, key, app, endpoint: made.body.id }
  }

  const call = (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => api.call(method, path, { ...(body === undefined ? {} : { body }), key: tenant.key, headers })

  async function send(
    payload: object,
    more: object = {},
    headers: Record<string, string> = {},
  ): Promise<string> {
    const sent = await call(
      'POST',
      `/api/v1/app/${tenant.app}/msg`,
      { eventType: 'order.paid', payload, ...more },
      headers,
    )
    expect(sent.status).toBe(202)
    return sent.body.id as string
  }

  async function setPaths(personPaths: string[] | null): Promise<void> {
    const set = await api.call('PATCH', `/api/v1/tenant/${tenant.id}`, { body: { personPaths } })
    expect(set.body).toMatchObject({ personPaths })
  }

  async function attempted(count: number): Promise<void> {
    await until(async () => {
      const { rows } = await api.database.pool.query<{ count: number }>(
        'select count(*) as count from attempt where tenant_id = $1',
        [tenant.uuid],
      )
      return rows[0]!.count >= count
    })
  }

  /** All that is the tenant's in the database, as one text: every table, every column, but the audit log's own. */
  async function everything(): Promise<string> {
    const { rows: tables } = await api.database.pool.query<{ name: string }>(
      `select distinct table_name as name
         from information_schema.columns
        where table_schema = 'public' and column_name = 'tenant_id'`,
    )
    let text = ''
    for (const { name } of tables) {
      const { rows } = await api.database.pool.query<{ text: string | null }>(
        `select string_agg(to_jsonb(t)::text, ' ') as text from ${name} t where tenant_id = $1`,
        [tenant.uuid],
      )
      text += rows[0]!.text ?? ''
    }
    return text
  }

  const traces = /maria@example|u-4711\b|99999-?9999/i

  /** What is left of the person, with what stands around it. */
  async function left(): Promise<string[]> {
    const around = new RegExp(`.{0,60}(?:${traces.source}).{0,60}`, 'gi')
    return (await everything()).match(around) ?? []
  }

  async function fillWithPerson(): Promise<{ theirs: string[]; others: string[] }> {
    receiver.answer = ({ body }) => ({ body: body.includes('echo') ? body : 'ok' })
    const theirs = [
      await send({ user_id: 'u-4711', note: 'echo' }),
      await send(
        { order: { customer: { email: 'maria@example.com' } } },
        { eventId: 'order.u-4711' },
      ),
      await send(
        { phone: 5511999999999 },
        { tags: ['user.u-4711'] },
        { 'idempotency-key': 'maria@example.com/1' },
      ),
      await send({ text: 'ligue para +55 11 99999-9999 hoje' }, { orderingKey: '5511999999999' }),
    ]
    const others = [
      await send({ user_id: 'u-4712', email: 'joao@example.com' }),
      await send({ text: 'u-47110' }, { eventId: 'other' }),
    ]
    await attempted(6)
    return { theirs, others }
  }

  return {
    person,
    traces,
    newTenant,
    call,
    send,
    setPaths,
    attempted,
    everything,
    left,
    fillWithPerson,
    get api() {
      return api
    },
    get receiver() {
      return receiver
    },
    get tenant() {
      return tenant
    },
    set tenant(other) {
      tenant = other
    },
  }
}

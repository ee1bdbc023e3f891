// Idempotency-Key: the same request again gets the same answer, and does nothing twice.
import { randomUUID } from 'node:crypto'
import { Svix } from 'svix'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requestHash } from '../../src/api/idempotency/idempotency.ts'
import { startApi, type TestApi } from '../support/api-server.ts'
import { until } from '../support/receiver.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(async () => await api?.stop())

describe('Idempotency-Key', () => {
  const post = (path: string, key: string, body: object, url = api.url) =>
    fetch(url + path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${api.key}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify(body),
    })

  test('gives the same answer again, on every node, also where it holds a secret', async () => {
    const second = await api.second()
    const first = await (await post('/api/v1/key', 'same', { name: 'k' })).json()
    const again = await post('/api/v1/key', 'same', { name: 'k' }, second.url)
    expect(again.status).toBe(201)
    expect(await again.json()).toEqual(first)
    const { rows } = await api.database.pool.query(`select 1 from api_key where name = 'k'`)
    expect(rows).toHaveLength(1)
    const stored = await api.database.pool.query<{ response: string }>(
      `select response from idempotency where key = 'same'`,
    )
    expect(Buffer.from(stored.rows[0]!.response, 'base64').toString()).not.toContain(
      (first as { key: string }).key,
    )
    await second.stop()
  })

  test('is refused with another body or path', async () => {
    await post('/api/v1/app', 'other', { name: 'a' })
    for (const answer of [
      await post('/api/v1/app', 'other', { name: 'b' }),
      await post('/api/v1/key', 'other', { name: 'a' }),
    ]) {
      expect(answer.status).toBe(409)
      expect(await answer.json()).toMatchObject({ code: 'idempotency_mismatch' })
    }
  })

  test('lets one of many at once through; the others see it under way, or its answer', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post('/api/v1/app', 'storm', { name: 'storm' })),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 201).length).toBeGreaterThan(0)
    expect(statuses.every((status) => status === 201 || status === 409)).toBe(true)
    const { rows } = await api.database.pool.query(`select 1 from app where name = 'storm'`)
    expect(rows).toHaveLength(1)
  })

  test('is free again after a refusal, since nothing was done', async () => {
    expect((await post('/api/v1/app', 'mended', { name: 'x', uid: 'taken-uid' })).status).toBe(201)
    expect((await post('/api/v1/app', 'retry', { name: 'y', uid: 'taken-uid' })).status).toBe(409)
    await api.svix.application.delete('taken-uid')
    expect((await post('/api/v1/app', 'retry', { name: 'y', uid: 'taken-uid' })).status).toBe(201)
  })

  test('is forgotten after a day', async () => {
    await post('/api/v1/app', 'old', { name: 'old' })
    await api.database.pool.query(
      `update idempotency set created_at = now() - interval '25 hours' where key = 'old'`,
    )
    expect((await post('/api/v1/app', 'old', { name: 'new' })).status).toBe(201)
  })

  test('is held by a request for as long as its node lives, ten minutes at most', async () => {
    const left = async (key: string, node: string | null, age: string) => {
      const hash = requestHash('/api/v1/app', JSON.stringify({ name: key }))
      await api.database.pool.query(
        `insert into idempotency (tenant_id, key, request_hash, node_id, request_id, created_at)
         values ($1, $2, $3, $4, $5, now() - $6::interval)`,
        [api.tenantId, key, hash, node, randomUUID(), age],
      )
      return (await post('/api/v1/app', key, { name: key })).status
    }
    const other = await api.second()
    const live = other.node.engine.lease.id
    expect(await left('dead', randomUUID(), '1 second')).toBe(201)
    expect(await left('live', live, '9 minutes')).toBe(409)
    expect(await left('stuck', live, '11 minutes')).toBe(201)
    // Of a node of the release before, which says nothing of itself.
    expect(await left('unknown', null, '9 minutes')).toBe(409)
    // A claim whose answer was lost with its connection, and which came to the database after it was taken back.
    expect(await left('own', api.node.engine.lease.id, '1 second')).toBe(201)
    await other.stop()
  })

  test("of another app's token is another key", async () => {
    const answers = []
    for (const uid of ['first', 'second']) {
      await api.svix.application.create({ name: uid, uid })
      const { token } = await api.svix.authentication.appPortalAccess(uid)
      answers.push(
        await api
          .clientFor(token)
          .endpoint.create(uid, { url: 'http://127.0.0.1:9/' }, { idempotencyKey: '1' }),
      )
    }
    expect(answers[0]!.id).not.toBe(answers[1]!.id)
  })

  test('of another tenant is another key', async () => {
    const tenant = await api.call('POST', '/api/v1/tenant', { body: { name: 'third' } })
    await post('/api/v1/app', 'mine', { name: 'a' })
    const client = new Svix(tenant.body.key, { serverUrl: api.url })
    expect(
      await client.application.create({ name: 'b' }, { idempotencyKey: 'mine' }),
    ).toMatchObject({ name: 'b' })
  })

  test('that is none is refused', async () => {
    const answer = await post('/api/v1/app', 'with blank', { name: 'a' })
    expect(answer.status).toBe(422)
  })
})

test('a message whose acceptance was lost on its way is the same one when it is sent again with its key', async () => {
  const own = await startApi({ cuttable: true })
  const { body: app } = await own.call('POST', '/api/v1/app', { body: { name: 'a' } })
  const send = () =>
    own.call('POST', `/api/v1/app/${app.id}/msg`, {
      body: { eventType: 'a', payload: { n: 1 } },
      headers: { 'idempotency-key': 'once' },
    })
  const lost = own.line!.loseAnswer('insert into message (')
  const first = await send()
  await lost
  expect(first).toMatchObject({
    status: 503,
    body: {
      code: 'database_away',
      detail: expect.stringContaining('A message with an Idempotency-Key (or an eventId)'),
    },
  })
  const again = await until(async () => {
    const answer = await send()
    return answer.status === 202 && answer
  })
  const { body: list } = await own.call('GET', `/api/v1/app/${app.id}/msg`)
  expect(list.data.map(({ id }: { id: string }) => id)).toEqual([again.body.id])
  await own.stop()
})

describe('an Idempotency-Key whose request the database left', () => {
  let own: TestApi
  let other: TestApi
  beforeAll(async () => {
    own = await startApi({ cuttable: true })
    other = await own.second({ line: undefined })
    await own.database.pool.query(
      `create function stand_by() returns trigger language plpgsql as $$
       begin
         perform pg_advisory_xact_lock(42);
         return new;
       end $$;
       create trigger stand_by before update on idempotency for each row
         when (new.key like 'kept%' and new.status is not null) execute function stand_by()`,
    )
  })
  afterAll(async () => {
    await other?.stop()
    await own?.stop()
  })

  const make = (name: string, at = own) =>
    at.call('POST', '/api/v1/app', { body: { name }, headers: { 'idempotency-key': name } })
  const apps = async (name: string) =>
    (await own.database.pool.query('select from app where name = $1', [name])).rowCount
  /** Waits for another's lock, and the database is away before it has it; then the line is mended. */
  const cutWhile = async (lock: string, statement: string, name: string) => {
    const holder = await own.database.pool.connect()
    await holder.query(`begin; ${lock}`)
    const running = make(name)
    const waiting = await until(async () => {
      const { rows } = await own.database.pool.query<{ pid: number }>(
        `select pid from pg_stat_activity
          where wait_event_type = 'Lock' and query like $1
            and pid <> pg_backend_pid() and datname = current_database()`,
        [`%${statement}%`],
      )
      return rows[0]
    })
    await own.line!.cut()
    await own.database.pool.query('select pg_terminate_backend($1)', [waiting.pid])
    const answer = await running
    await holder.query('rollback')
    holder.release()
    await own.line!.mend()
    return answer
  }

  test.each(['same', 'other'])(
    'is free once it is back, at the %s node, where nothing was done',
    async (which) => {
      const at = which === 'same' ? own : other
      const name = `free-${which}`
      expect(await cutWhile('lock table app in share mode', 'insert into app', name)).toMatchObject(
        {
          status: 503,
        },
      )
      await until(async () => (await make(name, at)).status === 201)
      expect(await apps(name)).toBe(1)
    },
  )

  test.each(['same', 'other'])(
    'gives the answer that could not be kept, at the %s node',
    async (which) => {
      const at = which === 'same' ? own : other
      const name = `kept-${which}`
      const lock = 'select pg_advisory_xact_lock(42)'
      const first = await cutWhile(lock, 'update idempotency', name)
      const again = await until(async () => {
        const answer = await make(name, at)
        return answer.status === 201 && answer
      })
      expect(again.text).toBe(first.text)
      expect(await apps(name)).toBe(1)
    },
  )

  test('is free at its node, where nothing was done and the database would not free it', async () => {
    await own.database.pool.query(
      `create function hold_on() returns trigger language plpgsql as $$ begin raise 'not now'; end $$;
       create trigger hold_on before delete on idempotency for each row
         when (old.key = 'held') execute function hold_on()`,
    )
    await own.call('POST', '/api/v1/app', { body: { name: 'a', uid: 'taken' } })
    const ask = (uid: string) =>
      own.call('POST', '/api/v1/app', {
        body: { name: 'held', uid },
        headers: { 'idempotency-key': 'held' },
      })
    const refused = await ask('taken')
    expect(refused.status).toBe(409)
    expect((await ask('taken')).body).toEqual(refused.body)
    expect(refused.body.code).not.toBe('idempotency_in_progress')
  })

  test.each(['same', 'other'])(
    'is free, at the %s node, where nobody heard that it was taken',
    async (which) => {
      const at = which === 'same' ? own : other
      const name = `unheard-${which}`
      const lost = own.line!.loseAnswer('insert into idempotency')
      expect((await make(name)).status).toBe(503)
      await lost
      await until(async () => (await make(name, at)).status === 201)
      expect(await apps(name)).toBe(1)
    },
  )
})

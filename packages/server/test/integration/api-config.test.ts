// The API's configuration resources, driven by the official client; every answer is checked against the OpenAPI
// documents.
import { Ordering } from 'svix'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refused, startApi, type TestApi } from '../support/api-server.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(async () => await api?.stop())

describe('applications', () => {
  test('can be created, read by id and uid, changed and deleted', async () => {
    const made = await api.svix.application.create({
      name: 'One',
      uid: 'one',
      metadata: { a: 'b' },
      throttleRate: 5,
    })
    expect(made).toMatchObject({ name: 'One', uid: 'one', metadata: { a: 'b' }, throttleRate: 5 })
    expect(await api.svix.application.get('one')).toEqual(made)
    expect(await api.svix.application.get(made.id)).toEqual(made)
    expect(await api.svix.application.patch('one', { name: 'Two' })).toMatchObject({
      name: 'Two',
      uid: 'one',
      throttleRate: 5,
    })
    expect(await api.svix.application.upsert('one', { name: 'Three' })).toMatchObject({
      id: made.id,
      name: 'Three',
      uid: 'one',
    })
    await api.svix.application.delete('one')
    expect(await refused(api.svix.application.get(made.id))).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    })
  })

  test('PUT creates with 201 and then changes with 200', async () => {
    expect((await api.call('PUT', '/api/v1/app/fresh', { body: { name: 'a' } })).status).toBe(201)
    expect((await api.call('PUT', '/api/v1/app/fresh', { body: { name: 'a' } })).status).toBe(200)
  })

  test('get_if_exists gives the one that is there, without it a uid in use is a conflict', async () => {
    const first = await api.svix.application.getOrCreate({ name: 'x', uid: 'shared' })
    expect((await api.svix.application.getOrCreate({ name: 'other', uid: 'shared' })).id).toBe(
      first.id,
    )
    expect(
      await refused(api.svix.application.create({ name: 'other', uid: 'shared' })),
    ).toMatchObject({ status: 409, body: { code: 'conflict' } })
  })

  test('lists go forwards and back, in both orders, and say where they end', async () => {
    const tenant = await api.call('POST', '/api/v1/tenant', { body: { name: 'paging' } })
    const client = api.clientFor(tenant.body.key)
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.push((await client.application.create({ name: `app ${i}` })).id)
    const first = await client.application.list({ limit: 2 })
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 2))
    expect(first.done).toBe(false)
    const second = await client.application.list({ limit: 2, iterator: first.iterator! })
    expect(second.data.map(({ id }) => id)).toEqual(ids.slice(2, 4))
    const third = await client.application.list({ limit: 2, iterator: second.iterator! })
    expect(third).toMatchObject({ done: true, data: [{ id: ids[4] }] })
    const back = await client.application.list({ limit: 2, iterator: third.prevIterator! })
    expect(back.data.map(({ id }) => id)).toEqual(ids.slice(2, 4))
    expect(back.done).toBe(false)
    const start = await client.application.list({ limit: 2, iterator: back.prevIterator! })
    expect(start).toMatchObject({ done: true })
    expect(start.data.map(({ id }) => id)).toEqual(ids.slice(0, 2))
    const down = await client.application.list({ order: Ordering.Descending })
    expect(down.data.map(({ id }) => id)).toEqual(ids.toReversed())
  })

  test.each([
    ['limit=0', 'limit'],
    ['limit=251', 'limit'],
    ['limit=ten', 'limit'],
    ['iterator=nonsense', 'iterator'],
    ['order=upwards', 'order'],
  ])('a list with %s is refused, naming the parameter', async (query, field) => {
    const { status, body } = await api.call('GET', `/api/v1/app?${query}`)
    expect(status).toBe(422)
    expect(body.detail[0].loc).toEqual(['query', field])
  })
})

describe('what cannot be read is refused with what is wrong', () => {
  test.each([
    ['a missing field', { uid: 'x' }, ['body', 'name'], /field required/],
    ['a wrong type', { name: 5 }, ['body', 'name'], /expected string/],
    ['a bad uid', { name: 'a', uid: 'with blank' }, ['body', 'uid'], /letters, digits/],
    ['a rate of 0', { name: 'a', throttleRate: 0 }, ['body', 'throttleRate'], />=1/],
    [
      'nested metadata',
      { name: 'a', metadata: { a: { b: 1 } } },
      ['body', 'metadata', 'a'],
      /expected string/,
    ],
    ['U+0000 in a name', { name: 'a\u0000b' }, ['body', 'name'], /U\+0000/],
    [
      'U+0000 in a metadata key',
      { name: 'a', metadata: { 'a\u0000': 'b' } },
      ['body', 'metadata'],
      /U\+0000/,
    ],
    ['half a surrogate pair', { name: 'a\ud800' }, ['body', 'name'], /surrogate/],
    ['a body that is a list', [], ['body'], /expected object/],
  ])('%s', async (_, body, loc, message) => {
    const answer = await api.call('POST', '/api/v1/app', { body })
    expect(answer.status).toBe(422)
    expect(answer.body.detail[0]).toMatchObject({ loc, msg: expect.stringMatching(message) })
  })

  test('several mistakes are named at once', async () => {
    const answer = await api.call('POST', '/api/v1/app', {
      body: { name: '', uid: '!', throttleRate: -1 },
    })
    expect(answer.body.detail.map(({ loc }: { loc: string[] }) => loc[1])).toEqual(
      expect.arrayContaining(['name', 'uid', 'throttleRate']),
    )
  })

  test('malformed JSON names the position', async () => {
    const answer = await api.call('POST', '/api/v1/app', { text: '{"name": "a" "uid": 1}' })
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'bad_json', detail: expect.stringContaining('position 13') },
    })
  })

  test('a body that is not UTF-8', async () => {
    const response = await fetch(`${api.url}/api/v1/app`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.key}`, 'content-type': 'application/json' },
      body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'bad_encoding' })
  })

  test('another media type', async () => {
    const answer = await api.call('POST', '/api/v1/app', {
      text: 'name=a',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect(answer).toMatchObject({
      status: 415,
      body: { detail: expect.stringContaining('application/x-www-form-urlencoded') },
    })
  })

  test('no body', async () => {
    const answer = await api.call('POST', '/api/v1/app')
    expect(answer.status).toBe(422)
    expect(answer.body.detail[0]).toMatchObject({ loc: ['body'], msg: 'field required' })
  })

  test('a body above the limit', async () => {
    const answer = await api.call('POST', '/api/v1/app', { body: { name: 'x'.repeat(1_100_000) } })
    expect(answer).toMatchObject({
      status: 413,
      body: { code: 'too_large', detail: expect.stringContaining('1048576') },
    })
  })

  test('a path that does not exist, and a method that a path does not take', async () => {
    expect(await api.call('GET', '/api/v1/nonsense')).toMatchObject({
      status: 404,
      body: { code: 'no_route' },
    })
    const wrong = await api.call('DELETE', '/api/v1/app')
    expect(wrong).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } })
    expect(wrong.headers.get('allow')).toBe('GET, POST')
  })

  test.each([
    '/api/v1/app/a%00b',
    '/api/v1/app?iterator=%00',
    '/api/v1/event-type?iterator=type_%00',
    '/api/v1/background-task?task=%00',
  ])('U+0000 in %s', async (path) => {
    expect((await api.call('GET', path)).status).toBe(422)
  })

  test('a path that is not UTF-8', async () => {
    const answer = await fetch(`${api.url}/api/v1/app/%ff`, {
      headers: { authorization: `Bearer ${api.key}` },
    })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ code: 'bad_request' })
  })
})

test("a mistake of Pombo's own tells nothing of its inside, and is in the log with its cause", async () => {
  // A statement that divides by zero: of a table or column that is missing it is the database's state that is said.
  const { pool } = api.database
  await pool.query('alter table job rename column matched to matched_elsewhere')
  await pool.query('alter table job rename to job_elsewhere')
  await pool.query('create view job as select *, 1 / 0 as matched from job_elsewhere')
  const answer = await api.call('GET', '/api/v1/background-task')
  await pool.query('drop view job')
  await pool.query('alter table job_elsewhere rename to job')
  await pool.query('alter table job rename column matched_elsewhere to matched')
  expect(answer).toMatchObject({ status: 500, body: { code: 'internal_error' } })
  expect(answer.text).not.toMatch(/job|matched|column|select|division/)
  const { fields } = api.logged.at(-1)!
  expect(fields).toMatchObject({
    err: expect.objectContaining({ message: expect.stringContaining('division by zero') }),
    route: '/api/v1/background-task',
  })
  expect(answer.body.detail).toContain((fields as { requestId: string }).requestId)
})

// LGPD: what is kept of a person is exported, to who may.
import { expect, test } from 'vitest'
import { personTests } from '../support/person.ts'

const at = personTests()
const { person, call, send, setPaths, fillWithPerson } = at

test('an export shows all of it, payloads to the letter, page by page, and nothing of others', async () => {
  const { theirs } = await fillWithPerson()
  const exact = await call('POST', `/api/v1/app/${at.tenant.app}/msg`, {
    eventType: 'order.paid',
    payload: { email: 'maria@example.com' },
  })
  for (const scan of [true, false]) {
    if (!scan) await setPaths(['**.email'])
    const { status, body } = await call('POST', '/api/v1/privacy/export', { ...person, scan })
    expect(status).toBe(200)
    const shown = (body.messages as { id: string }[]).map(({ id }) => id)
    expect(shown).toEqual(scan ? [...theirs, exact.body.id] : [])
    if (!scan) continue
    expect(body.messages[0]).toMatchObject({
      appId: at.tenant.app,
      eventType: 'order.paid',
      payload: { user_id: 'u-4711', note: 'echo' },
      attempts: [
        {
          endpointId: at.tenant.endpoint,
          status: 200,
          outcome: 'delivered',
          url: `${at.receiver.url}/hook`,
        },
      ],
    })
    expect(body.messages[0].attempts[0].response).toContain('u-4711')
    expect(body).toMatchObject({ done: true, iterator: null, profiles: [] })
  }
  const { body: audit } = await call('GET', '/api/v1/audit?kind=person&action=export')
  expect(audit.data).toHaveLength(2)
})

test('a large export goes page by page, none left out and none twice', async () => {
  await setPaths(['email'])
  const sent: string[] = []
  for (let n = 0; n < 180; n++)
    sent.push(await send({ email: n % 3 === 0 ? 'other@example.com' : 'maria@example.com', n }))
  const theirs = sent.filter((_, n) => n % 3 !== 0)
  for (const scan of [true, false]) {
    const seen: string[] = []
    let iterator: string | null = null
    do {
      const { body }: { body: { messages: { id: string }[]; iterator: string | null } } =
        await call('POST', '/api/v1/privacy/export', {
          email: 'maria@example.com',
          scan,
          limit: 5,
          ...(iterator && { iterator }),
        })
      seen.push(...body.messages.map(({ id }) => id))
      iterator = body.iterator
    } while (iterator)
    expect(seen.toSorted()).toEqual(theirs.toSorted())
  }
  expect(
    (await call('POST', '/api/v1/privacy/export', { email: 'a@b.co', iterator: 'nope' })).status,
  ).toBe(422)
})

test('mistakes are answered, and an app’s token may neither', async () => {
  const problem = async (body: object) =>
    JSON.stringify((await call('POST', '/api/v1/privacy/erase', body)).body)
  expect(await problem({})).toContain('names nobody')
  expect(await problem({ userId: '42' })).toContain('too short')
  const bad = await at.api.call('PATCH', `/api/v1/tenant/${at.tenant.id}`, {
    body: { personPaths: ['a b'] },
  })
  expect(JSON.stringify(bad.body)).toContain('is no path')
  const token = await call('POST', `/api/v1/auth/app-portal-access/${at.tenant.app}`, {})
  for (const what of ['export', 'erase'])
    expect(
      (
        await at.api.call('POST', `/api/v1/privacy/${what}`, {
          body: person,
          key: token.body.token,
        })
      ).status,
    ).toBe(403)
})

// Repeats: known by what happened, whatever the gateway calls the people, on whatever node they come.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApi, type TestApi } from '../support/api-server.ts'
import { capture } from '../support/captures.ts'
import { openSession, postCapture, postJson, textMessage } from '../support/gateway.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let other: TestApi
let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
  api = await startApi()
  other = await api.second()
})
afterAll(async () => {
  await other?.stop()
  await api?.stop()
  await receiver?.close()
})

test('one message under phone number and LID, on two nodes, is delivered once', async () => {
  const session = await openSession(api, receiver, 'waha', {
    secret: capture('waha-2026.7/text-noweb').secret,
  })
  const byNumber = await postCapture(api, capture('waha-2026.7/text-noweb'), session.token)
  const byLid = await postCapture(other, capture('waha-2026.7/text-any-lid'), session.token)
  expect(await byNumber.json()).toMatchObject({ accepted: 1, duplicate: 0 })
  expect(await byLid.json()).toMatchObject({ accepted: 0, duplicate: 1 })
  await until(() => session.delivered().length >= 1)
  expect(await session.messages()).toHaveLength(1)
  expect(session.delivered()).toHaveLength(1)
  await other.intake.counters.flush()
  expect(await session.stats()).toMatchObject({ received: 2, accepted: 1, duplicate: 1 })
})

test('a message under its LID alone is a repeat once the phone number is known', async () => {
  const session = await openSession(api, receiver, 'baileys')
  const [pn, lid] = ['5511999990009@s.whatsapp.net', '99887766554433@lid']
  await postJson(session.ingestUrl, {
    event: 'lid-mapping.update',
    data: { lid, pn },
  })
  await api.intake.profiles.flush()
  await postJson(session.ingestUrl, textMessage('LID1', { jid: pn }))
  const again = await postJson(
    session.ingestUrl.replace(api.url, other.url),
    textMessage('LID1', { jid: lid }),
  )
  expect(await again.json()).toMatchObject({ accepted: 0, duplicate: 1 })
})

test('twenty at once on two nodes make one message', async () => {
  const session = await openSession(api, receiver, 'baileys')
  const answers = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const on = i % 2 === 0 ? api : other
      const answer = await postJson(session.ingestUrl.replace(api.url, on.url), textMessage('ONCE'))
      return (await answer.json()) as { accepted: number; duplicate: number }
    }),
  )
  expect(answers.filter(({ accepted }) => accepted === 1)).toHaveLength(1)
  expect(answers.filter(({ duplicate }) => duplicate === 1)).toHaveLength(19)
  expect(await session.messages()).toHaveLength(1)
})

test('the window is the source’s own: what comes after it is no repeat', async () => {
  const session = await openSession(api, receiver, 'baileys', { dedupeSeconds: 60 })
  const post = async () =>
    (await (await postJson(session.ingestUrl, textMessage('W1'))).json()) as object
  expect(await post()).toMatchObject({ accepted: 1 })
  expect(await post()).toMatchObject({ duplicate: 1 })
  const { rows } = await api.database.pool.query<{ left: number }>(
    'select extract(epoch from max(expires_at) - now())::float8 as left from dedupe where app_id = $1',
    [session.appUuid],
  )
  expect(rows[0]!.left).toBeGreaterThan(0)
  expect(rows[0]!.left).toBeLessThanOrEqual(60)
  await api.database.pool.query(
    `update dedupe set expires_at = now() - interval '1 second' where app_id = $1`,
    [session.appUuid],
  )
  expect(await post()).toMatchObject({ accepted: 1 })
})

test('sessions do not know each other’s messages', async () => {
  const [one, two] = [
    await openSession(api, receiver, 'baileys'),
    await openSession(api, receiver, 'baileys'),
  ]
  for (const { ingestUrl } of [one, two])
    expect(await (await postJson(ingestUrl, textMessage('SAME'))).json()).toMatchObject({
      accepted: 1,
    })
})

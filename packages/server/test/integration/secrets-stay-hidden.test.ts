// Secrets are planted wherever Pombo takes one; then everything that it logs, stores as text, answers or delivers is
// searched for them.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApi, startApi } from '../support/api-server.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

const planted = {
  headerValue: 'marker-header-5f1c',
  endpointSecret: `whsec_${Buffer.from('marker-endpoint-secret-24bytes').toString('base64')}`,
  sourceSecret: 'marker-source-secret-77',
  wrongKey: 'marker-wrong-key-0123456789',
  urlPassword: 'marker-url-password',
  inBadJson: 'marker-in-bad-json',
}

let api: TestApi
let receiver: Receiver
/** Everything that was answered, but for the answers whose purpose is to show a secret. */
const answers: string[] = []

beforeAll(async () => {
  receiver = await startReceiver(() => ({ status: 500, body: 'no' }))
  api = await startApi()
})
afterAll(async () => {
  await api?.stop()
  await receiver?.close()
})

const call = async (...args: Parameters<TestApi['call']>) => {
  const answer = await api.call(...args)
  answers.push(answer.text)
  return answer
}

test('no planted secret is in an answer, a log line, an attempt or a delivered body', async () => {
  const app = (await call('POST', '/api/v1/app', { body: { name: 'a', uid: 'a' } })).body.id
  const path = `/api/v1/app/${app}`
  await call('POST', `${path}/endpoint`, {
    body: {
      uid: 'e',
      url: receiver.url,
      secret: planted.endpointSecret,
      headers: { 'x-auth': planted.headerValue },
    },
  })
  const { port } = new URL('http://127.0.0.1:9')
  await call('POST', `${path}/endpoint`, {
    body: { uid: 'off', url: `http://u:${planted.urlPassword}@127.0.0.1:${port}/x` },
  })
  const source = await api.call('POST', `${path}/source`, {
    body: { gateway: 'evolution', secret: planted.sourceSecret },
  })
  const { token, ingestUrl } = source.body as { token: string; ingestUrl: string }
  for (const [url, body] of [
    [ingestUrl, 'no json'],
    [`${api.url}/ingest/${token}/%ZZ`, '{}'],
    [ingestUrl.replace(token, `${token}x`), '{}'],
    [`${api.url}/ingest/evolution/s?token=${planted.wrongKey}`, '{}'],
  ] as const)
    answers.push(await (await fetch(url, { method: 'POST', body })).text())
  await call('GET', '/api/v1/app', { key: planted.wrongKey })
  await call('POST', '/api/v1/app', { text: `{"name": "${planted.inBadJson}" oops` })
  await call('POST', `${path}/msg`, { body: { eventType: 'a.b', payload: { n: 1 } } })
  await until(async () => {
    const { rows } = await api.database.pool.query<{ n: number }>(
      'select count(*) as n from attempt',
    )
    return rows[0]!.n >= 2 ? true : undefined
  })
  for (const list of [
    path,
    `${path}/endpoint`,
    `${path}/endpoint/e`,
    `${path}/attempt/endpoint/e`,
    `${path}/attempt/endpoint/off`,
    `${path}/msg?with_content=true`,
    `${path}/source`,
    '/api/v1/audit',
  ])
    await call('GET', list)

  const { rows: attempts } = await api.database.pool.query('select error, response from attempt')
  const { rows: audit } = await api.database.pool.query('select * from audit_log')
  const places: Record<string, string> = {
    // The address of an endpoint is its owner's setting, and shown to the owner.
    answers: answers.join('\n').replaceAll(`u:${planted.urlPassword}@`, ''),
    logs: JSON.stringify(
      api.logged.map(({ message, fields }) => [message, String(Object.values(fields))]),
    ),
    attemptLines: JSON.stringify(api.node.lines),
    attempts: JSON.stringify(attempts),
    audit: JSON.stringify(audit).replaceAll(`u:${planted.urlPassword}@`, ''),
    delivered: receiver.received.map(({ body }) => body).join('\n'),
  }
  expect(places['answers']!.length).toBeGreaterThan(1_000)
  const found = Object.entries({ ...planted, key: api.key, token }).flatMap(([name, secret]) =>
    Object.entries(places).flatMap(([place, text]) =>
      text.includes(secret) ? `${name} in ${place}` : [],
    ),
  )
  expect(found).toEqual([])
})

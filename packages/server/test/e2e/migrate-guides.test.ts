// The guides for moving from other systems: each of their commands is run as it stands, in its order, against a Pombo,
// or says above it why not.
import { createHmac } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { api, atTheEnd, receiver, started, stopAll } from '../support/guide-pombo.ts'
import { blocksShown, type GuideShell, openGuide, shellLacks } from '../support/guide-shell.ts'
import type { TestPombo } from '../support/pombo-app.ts'
import type { Received } from '../support/receiver.ts'
import { inSvixPlace } from '../support/svix-place.ts'

afterEach(stopAll)

const guides = ['svix', 'convoy', 'outpost', 'hook0', 'own-loop', 'bullmq', 'evolution-webhooks']

test.each(guides)('%s: both languages show the same code, and mark the same as not run', (name) => {
  const code = (page: string) =>
    blocksShown(page).map(({ code, notRun }) => ({ code, isRun: notRun === undefined }))
  expect(code(`migrate/${name}.pt-BR.md`)).toEqual(code(`migrate/${name}.md`))
  expect(code(`migrate/${name}.md`).filter(({ isRun }) => isRun).length).toBeGreaterThan(2)
})

test.skipIf(shellLacks)(
  'the guide of Svix brings endpoints and secrets over, again as they change, and loses nothing',
  async () => {
    const target = await receiver((_, index) => ({ status: index === 0 ? 500 : 200 }))
    const svix = await started()
    const place = await inSvixPlace(svix.url)
    atTheEnd(() => place.close())
    await api(svix, 'POST', '/event-type', { name: 'order.paid', description: 'Paid' })
    await api(svix, 'POST', '/app', { name: 'Loja', uid: 'loja' })
    const { id: appId } = await api(svix, 'POST', '/app', { name: 'no uid' })
    const crm = { uid: 'crm', url: `${target.url}/crm`, eventTypes: ['order.paid'] }
    const more = { headers: { 'x-shop': '7' }, retrySchedule: [] }
    await api(svix, 'POST', '/app/loja/endpoint', { ...crm, ...more })
    const { id } = await api(svix, 'POST', `/app/${appId}/endpoint`, { url: `${target.url}/other` })
    const secretAt = async (pombo: TestPombo) =>
      (await api(pombo, 'GET', '/app/loja/endpoint/crm/secret')).key
    const given = { eventType: 'order.paid', payload: { id: 0 } }
    await api(svix, 'POST', '/app/loja/msg', given)
    await target.waitFor(1)

    const pombo = await started(variablesOf('migrate/svix.md'))
    const variables = { SVIX_URL: place.url, SVIX_TOKEN: svix.key }
    const guide = openGuide('migrate/svix.md', pombo, { variables })
    atTheEnd(() => guide.stop())
    const moved = [`${place.shown(appId)}/${place.shown(id)}`, 'loja/crm'].toSorted()
    expect((await guide.next()).trim().split('\n').toSorted()).toEqual(moved)
    expect(await api(pombo, 'GET', '/app/loja/endpoint/crm')).toMatchObject(crm)
    expect(await secretAt(pombo)).toBe(await secretAt(svix))
    const asBefore = `/app/${place.shown(appId)}/endpoint/${place.shown(id)}`
    expect(await api(pombo, 'GET', asBefore)).toMatchObject({ url: `${target.url}/other` })

    expect(await guide.nextJson()).toMatchObject({ applied: false, eventTypes: { unchanged: 1 } })
    await guide.next()
    const [, fromPombo] = await target.waitFor(2)
    expect(fromPombo).toMatchObject({ path: '/crm', headers: { 'x-shop': '7' } })
    expect(fromPombo!.headers['svix-signature']).toMatch(/^v1,/)

    await guide.next()
    const [, , recovered] = await target.waitFor(3)
    expect(recovered!.body).toBe('{"id":0}')

    await api(svix, 'POST', '/app/loja/endpoint/crm/secret/rotate', {})
    await api(svix, 'PATCH', '/app/loja/endpoint/crm', { url: `${target.url}/new` })
    await guide.next()
    const now = await api(pombo, 'GET', '/app/loja/endpoint/crm')
    expect(now).toMatchObject({ url: `${target.url}/new` })
    expect(await secretAt(pombo)).toBe(await secretAt(svix))
    guide.end()
  },
)

type IsGenuine = (secret: string, headers: object, body: string) => boolean

/** The receiver's check that a page shows takes what Pombo delivered, and what the system before had signed. */
async function expectGenuine(guide: GuideShell, secret: string, got: Received, before: object) {
  const { isGenuine } = (await guide.module('genuine.mjs')) as { isGenuine: IsGenuine }
  const { headers, body } = got
  const old = { ...headers, 'webhook-id': 'another' }
  expect(isGenuine(secret, headers, body)).toBe(true)
  expect(isGenuine(secret, old, body)).toBe(false)
  expect(isGenuine(`${secret}x`, headers, body)).toBe(false)
  expect(isGenuine(secret, headers, `${body} `)).toBe(false)
  expect(isGenuine(secret, before, body)).toBe(true)
  expect(isGenuine(secret, before, `${body} `)).toBe(false)
  expect(isGenuine(secret, {}, body)).toBe(false)
}

const hex = (secret: string, text: string) =>
  createHmac('sha256', secret).update(text).digest('hex')

test.skipIf(shellLacks)(
  'the guide of Convoy brings endpoints with their secrets over',
  async () => {
    const target = await receiver()
    const pombo = await started()
    const guide = openGuide('migrate/convoy.md', pombo, { variables: { PROJECT: 'project-1' } })
    atTheEnd(() => guide.stop())
    const secret = 'Vuk5LM0uujddIsqO5v_eSuz88'
    const one = (uid: string, more: object) => ({
      uid,
      name: uid,
      owner_id: 'loja',
      url: `${target.url}/${uid}`,
      status: 'active',
      rate_limit: 0,
      rate_limit_duration: 0,
      http_timeout: 0,
      secrets: [{ uid: 's', value: secret, expires_at: null }],
      authentication: { type: '' },
      ...more,
    })
    const key = { header_name: 'X-Key', header_value: 'k' }
    guide.put('endpoints.json', {
      data: {
        content: [
          one('crm', {
            rate_limit: 5000,
            rate_limit_duration: 60,
            http_timeout: 30,
            authentication: { type: 'api_key', api_key: key },
          }),
          one('erp', {
            owner_id: '',
            status: 'paused',
            secrets: [{ value: 'short', expires_at: null }],
            authentication: { type: 'basic_auth', basic_auth: { username: 'u', password: 'p' } },
          }),
        ],
      },
    })
    const filter = { body: { total: { $gte: 100 } }, headers: {} }
    guide.put('subscriptions.json', {
      data: {
        content: [
          {
            endpoint_metadata: { uid: 'crm' },
            filter_config: { event_types: ['order.paid'], filter },
          },
        ],
      },
    })
    expect(await guide.next()).toBe(
      'loja/crm\n  write as CEL: {"body":{"total":{"$gte":100}},"headers":{}}\n' +
        'project-1/erp\n  it has a new secret: GET /api/v1/app/project-1/endpoint/erp/secret\n',
    )
    expect(await api(pombo, 'GET', '/app/loja/endpoint/crm')).toMatchObject({
      eventTypes: ['order.paid'],
      throttleRate: 5000,
      throttleWindowMs: 60_000,
      timeoutMs: 30_000,
    })
    expect(await api(pombo, 'GET', '/app/project-1/endpoint/erp')).toMatchObject({
      disabled: true,
      eventTypes: null,
      auth: { type: 'basic', username: 'u' },
    })
    expect(await guide.nextJson()).toMatchObject({ filter: expect.stringContaining('payload') })
    expect(await guide.nextJson()).toMatchObject({ eventId: 'order-1-paid' })
    const [got] = await target.waitFor(1)
    expect(got).toMatchObject({ path: '/crm', headers: { 'x-key': 'k' } })
    await expectGenuine(guide, secret, got!, { 'x-convoy-signature': hex(secret, got!.body) })
    guide.end()
  },
)

test.skipIf(shellLacks)(
  'the guide of Outpost brings destinations with their secrets over',
  async () => {
    const target = await receiver()
    const pombo = await started()
    const guide = openGuide('migrate/outpost.md', pombo)
    atTheEnd(() => guide.stop())
    const secret = 'a-secret-of-the-default-mode'
    const standard = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
    const one = (id: string, more: object) => ({
      id,
      type: 'webhook',
      topics: ['*'],
      config: { url: `${target.url}/${id}` },
      credentials: { secret: standard },
      disabled_at: null,
      ...more,
    })
    guide.put('tenants.json', [
      {
        tenant: 'acme',
        destinations: [
          one('des_1', {
            topics: ['order.paid'],
            config: { url: `${target.url}/des_1`, custom_headers: '{"x-api-key": "k"}' },
            credentials: { secret },
            filter: { data: { amount: { $gte: 100 } } },
          }),
          one('des_2', { disabled_at: '2026-01-01T00:00:00Z' }),
          one('des_3', { type: 'aws_sqs', config: {} }),
          one('des_4', { credentials: { secret: 'whsec***************************' } }),
        ],
      },
    ])
    const printed = await guide.next()
    expect(printed).toContain('acme/des_1\n  write as CEL: {"data":{"amount":{"$gte":100}}}\n')
    expect(printed).toContain('acme/des_3\n  is of the type aws_sqs')
    const kept = await api(pombo, 'GET', '/app/acme/endpoint/des_2/secret')
    expect(kept.key).toBe(standard)
    expect(await api(pombo, 'GET', '/app/acme/endpoint/des_2')).toMatchObject({ disabled: true })
    await api(pombo, 'DELETE', '/app/acme/endpoint/des_4')
    expect(await guide.nextJson()).toMatchObject({ filter: 'payload.amount >= 100' })
    const { id } = (await guide.nextJson()) as { id: string }
    const [got] = await target.waitFor(1)
    expect(got).toMatchObject({ path: '/des_1', body: '{"amount": 120.50}' })
    expect(got!.headers).toMatchObject({
      'x-api-key': 'k',
      'x-outpost-topic': 'order.paid',
      'x-outpost-event-id': id,
    })
    const before = { 'x-outpost-signature': `v0=${hex('other', 'x')},${hex(secret, got!.body)}` }
    await expectGenuine(guide, secret, got!, before)
    guide.end()
  },
)

test.skipIf(shellLacks)(
  'the guide of Hook0 brings subscriptions with their labels over',
  async () => {
    const target = await receiver()
    const pombo = await started()
    const guide = openGuide('migrate/hook0.md', pombo)
    atTheEnd(() => guide.stop())
    const secret = 'd48488f1-cddc-4c5b-9c0f-0d6a5a7e1b11'
    const headers = { 'content-type': 'application/json', 'x-customer-id': 'acme' }
    const one = (id: string, labels: object, more: object = {}) => ({
      subscription_id: id,
      is_enabled: true,
      event_types: ['order.purchase.completed'],
      description: null,
      secret,
      metadata: { plan: 'enterprise' },
      labels,
      target: { type: 'http', method: 'POST', url: `${target.url}/${id}`, headers },
      ...more,
    })
    guide.put('subscriptions.json', [
      one('s-1', { tenant_id: 'acme', region: 'eu' }),
      one('s-2', { tenant_id: 'acme', region: 'us' }),
      one('s-3', { tenant_id: 'other' }, { is_enabled: false }),
    ])
    expect(await guide.next()).toBe('acme/s-1\nacme/s-2\nother/s-3\n')
    expect(await api(pombo, 'GET', '/app/other/endpoint/s-3')).toMatchObject({ disabled: true })
    const { id } = (await guide.nextJson()) as { id: string }
    const [got] = await target.waitFor(1)
    expect(got).toMatchObject({ path: '/s-1', headers: { 'x-customer-id': 'acme' } })
    expect(got!.body).toBe('{"order_id": "ord_456", "amount": 299.90}')
    const sentTo = await api(pombo, 'GET', `/app/acme/msg/${id}/endpoint`)
    expect(sentTo.data).toHaveLength(1)
    const now = String(Math.floor(Date.now() / 1000))
    const names = 'content-type x-customer-id'
    const signed = `${now}.${names}.application/json.acme.${got!.body}`
    const before = {
      ...headers,
      'x-hook0-signature': `t=${now},h=${names},v1=${hex(secret, signed)}`,
    }
    await expectGenuine(guide, secret, got!, before)
    guide.end()
  },
)

/** What the page's first block, which starts Pombo, sets beside what this test's Pombo has. */
function variablesOf(page: string): Record<string, string> {
  const [first] = blocksShown(page)
  const set = [...first!.code.matchAll(/\b(POMBO_\w+)=(\S+)/g)]
  return Object.fromEntries(
    set.filter(([, name]) => name !== 'POMBO_API_KEY').map(([, name, value]) => [name!, value!]),
  )
}

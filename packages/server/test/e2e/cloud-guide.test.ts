// The guide on the methods of Svix's cloud: its commands and scripts, run as they stand, in their order.
import { afterEach, expect, test } from 'vitest'
import { atTheEnd, receiver, started, stopAll } from '../support/guide-pombo.ts'
import { blocksShown, openGuide, shellLacks } from '../support/guide-shell.ts'
import { until } from '../support/receiver.ts'

afterEach(stopAll)

test('both languages show the same code', () => {
  expect(blocksShown('cloud-methods.pt-BR.md')).toEqual(blocksShown('cloud-methods.md'))
})

test.skipIf(shellLacks)(
  'the guide on the cloud’s methods does what it says',
  { timeout: 300_000 },
  async () => {
    const target = await receiver()
    const pombo = await started()
    const places = { 'http://127.0.0.1:9000': target.url }
    const guide = openGuide('cloud-methods.md', pombo, { places })
    atTheEnd(() => guide.stop())

    expect(await guide.nextJson()).toMatchObject({ uid: 'crm' })
    const { data: polled } = (await guide.nextJson()) as { data: object[] }
    expect(polled[0]).toMatchObject({ eventType: 'order.paid', eventId: 'order-1-paid' })
    expect(await guide.next()).toBe('order.paid 1\norder.refunded 1\n')
    expect(await guide.nextJson()).toMatchObject({ data: [{}, {}] })

    await target.waitFor(2)
    // What was delivered has been recorded.
    const stats = async () => {
      const headers = { authorization: `Bearer ${pombo.key}` }
      const { body } = await pombo.call('GET', '/api/v1/app/loja/endpoint/crm/stats', { headers })
      return body.success === 2
    }
    await until(stats)
    expect(await guide.next()).toMatch(/^\[\{.*"done":1.*\},\{.*"done":0.*\}\]\n$/)
    await target.waitFor(3)
    expect(await guide.next()).toContain('"task":"endpoint.cancel-messages"')

    expect(await guide.nextJson()).toMatchObject({ method: 'POST', payload: '{"order":1}' })
    const tried = (await target.waitFor(4))[3]
    expect(tried!.body).toBe('{"id": 0}')
    expect(await guide.nextJson()).toEqual({ code: '{"order": payload.id}', enabled: true })

    const found = await guide.next()
    expect(found).toMatch(/^true\n/)
    expect(found.match(/"eventType":"order\.(paid|refunded)"/g)).toHaveLength(4)
    expect(found).toContain('{"id": 1, "total": 99.90}')

    expect(await guide.nextJson()).toMatchObject({ task: 'message.broadcast' })
    await until(() => target.received.some(({ body }) => body.includes('2026-12-01')))
    const [counts] = (await guide.next()).split('\n')
    const { appStats, eventTypeUsage } = JSON.parse(counts!)
    expect(appStats).toMatchObject([{ appUid: 'loja' }])
    expect(eventTypeUsage.map(({ name }: { name: string }) => name)).toContain('order.paid')

    const types = await guide.nextJson()
    expect(types).toMatchObject({ openapi: '3.1.0', webhooks: { 'order.paid': {} } })
    expect(await guide.nextJson()).toMatchObject({ applied: false, eventTypes: { unchanged: 1 } })
    expect(await guide.nextJson()).toMatchObject({ operator: true })
    expect(await guide.next()).toBe('1\n')
    expect(await guide.nextJson()).toMatchObject({ name: 'reader', scopes: ['read'] })
    expect(await guide.nextJson()).toEqual({
      results: { 'order-1-paid': 'expunged', none: 'not-found' },
      all: 'finished',
    })
    guide.end()
  },
)

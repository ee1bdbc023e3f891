// The guides for moving from a loop of one's own, from BullMQ and from Evolution's own webhooks: their commands, run as
// they stand.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Queue } from 'bullmq'
import { afterEach, expect, test } from 'vitest'
import { api, atTheEnd, receiver, started, stopAll } from '../support/guide-pombo.ts'
import { openGuide, shellLacks } from '../support/guide-shell.ts'
import type { TestPombo } from '../support/pombo-app.ts'
import { type Receiver, until } from '../support/receiver.ts'
import { redisMissing, startRedis } from '../support/redis-server.ts'

afterEach(stopAll)

function opened(page: string, pombo: TestPombo, target: Receiver, variables = {}) {
  const places = { 'http://127.0.0.1:9000': target.url }
  const guide = openGuide(`migrate/${page}.md`, pombo, { variables, places })
  atTheEnd(() => guide.stop())
  return guide
}

test.skipIf(shellLacks)(
  'the guide for a loop of one’s own makes endpoints of a list, and sends an event once however often it is sent',
  async () => {
    const target = await receiver()
    const pombo = await started()
    const guide = opened('own-loop', pombo, target)
    await guide.next()
    expect(await api(pombo, 'GET', '/app/customer-7/endpoint/main')).toMatchObject({
      url: `${target.url}/crm`,
      eventTypes: ['order.paid', 'order.refunded'],
    })
    expect(await api(pombo, 'GET', '/app/customer-8/endpoint/main')).toMatchObject({
      url: `${target.url}/shop`,
      eventTypes: null,
    })
    await guide.next()
    const [got] = await target.waitFor(1)
    expect(got).toMatchObject({ path: '/crm', body: '{"id":1,"total":99.9}' })
    await until(
      async () => (await api(pombo, 'GET', '/app/customer-7/endpoint/main/stats')).success,
    )
    expect(await guide.nextJson()).toMatchObject({ success: 1, pending: 0, fail: 0 })
    expect((await api(pombo, 'GET', '/app/customer-7/msg')).data).toHaveLength(1)
    guide.end()
  },
)

test.skipIf(shellLacks ?? redisMissing)(
  'the guide of BullMQ hands over what waits, keeps what is meant for later, and sends nothing twice',
  async () => {
    const redis = await startRedis()
    atTheEnd(() => redis.stop())
    const target = await receiver()
    const pombo = await started()
    const queue = new Queue('webhooks', { connection: { url: redis.url } })
    atTheEnd(() => queue.close())
    await queue.add('order.paid', { payload: { id: 2 } }, { jobId: 'order-2-paid' })
    await queue.add('order.paid', { payload: { id: 3 } }, { jobId: 'order/3', priority: 2 })
    await queue.add('order.paid', { payload: { id: 4 } }, { jobId: 'later', delay: 86_400_000 })

    const guide = opened('bullmq', pombo, target, { REDIS: redis.url })
    expect(await guide.nextJson()).toMatchObject({ uid: 'crm', maxInFlight: 50 })
    await guide.next()
    expect(await guide.nextJson()).toMatchObject({
      left: { waiting: 0, prioritized: 0, delayed: 1 },
      later: ['later'],
    })
    const bodies = (await target.waitFor(3)).map(({ body }) => body).toSorted()
    expect(bodies).toEqual(['{"id":1}', '{"id":2}', '{"id":3}'])
    const { data } = await api(pombo, 'GET', '/app/shop/msg')
    const ids = (data as { eventId: string }[]).map(({ eventId }) => eventId).toSorted()
    expect(ids).toEqual(['order-1-paid', 'order-2-paid', 'order_3'])
    guide.end()
  },
)

interface Instance {
  name: string
  webhook: Record<string, unknown> | null
}

/** What the guide asks of an Evolution API 2: its instances, and the webhook of one, shown and set. */
async function startEvolution(apikey: string, instances: Instance[]): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const answer = (status: number, body: unknown) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      const [, room, verb, name] = (request.url ?? '').split('/')
      if (request.headers['apikey'] !== apikey) return answer(401, { error: 'Unauthorized' })
      if (room === 'instance') return answer(200, instances)
      const instance = instances.find((one) => one.name === name)
      if (!instance) return answer(404, { error: 'Not Found' })
      if (verb === 'find') return answer(200, instance.webhook)
      const { webhook } = JSON.parse(Buffer.concat(chunks).toString()) as {
        webhook: Record<string, unknown>
      }
      const { byEvents, base64, ...more } = webhook
      instance.webhook = { ...more, webhookByEvents: byEvents, webhookBase64: base64 }
      return answer(201, instance.webhook)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atTheEnd(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test.skipIf(shellLacks)(
  'the guide of Evolution’s own webhooks moves those of all instances, and sets them back',
  async () => {
    const target = await receiver()
    const pombo = await started()
    const webhook = (name: string) => ({
      id: 'c0ffee',
      enabled: true,
      url: `${target.url}/${name}`,
      events: ['MESSAGES_UPSERT'],
      headers: { 'x-team': name },
      webhookByEvents: false,
      webhookBase64: false,
      instanceId: 'i',
    })
    const instances = [
      { name: 'loja', webhook: webhook('loja') as Record<string, unknown> },
      { name: 'suporte', webhook: webhook('suporte') as Record<string, unknown> },
      { name: 'none', webhook: null },
    ]
    const before = structuredClone(instances)
    const evolution = await startEvolution('evolution-key', instances)
    const variables = { EVOLUTION: evolution, EVOLUTION_KEY: 'evolution-key' }
    const guide = opened('evolution-webhooks', pombo, target, variables)
    expect(await guide.next()).toBe(`loja → ${target.url}/loja\nsuporte → ${target.url}/suporte\n`)
    expect(instances.map((one) => one.webhook?.['url'])).toEqual([
      `${pombo.url}/evolution/loja?token=${pombo.key}`,
      `${pombo.url}/evolution/suporte?token=${pombo.key}`,
      undefined,
    ])
    await guide.next()
    const [got] = await target.waitFor(1)
    expect(got).toMatchObject({ path: '/loja', headers: { 'x-team': 'loja' } })
    expect(JSON.parse(got!.body)).toMatchObject({
      event: 'messages.upsert',
      instance: 'loja',
      data: { key: { id: '3EB0C767D82B6D2A3F1B' } },
    })
    expect(got!.body).not.toContain('chave-da-instancia')

    await guide.next()
    await fetch(String(instances[0]!.webhook!['url']), {
      method: 'POST',
      body: got!.body.replace('3EB0C767D82B6D2A3F1B', '3EB0C767D82B6D2A3F1C'),
    })
    const paths = (await target.waitFor(3)).map(({ path }) => path).toSorted()
    expect(paths).toEqual(['/crm', '/loja', '/loja'])

    expect(await guide.next()).toBe('loja 201\nsuporte 201\n')
    const { id: _, instanceId: __, ...first } = before[0]!.webhook!
    expect(instances[0]!.webhook).toEqual(first)
    guide.end()
  },
)

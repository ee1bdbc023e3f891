import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { brokerMissing, never } from '../broker-missing.ts'
import type { BrokerSubject } from './subject.ts'

const usual = '127.0.0.1:6379'

/** Another place than the tests of destinations and those that flush have. */
const database = 7

export async function redisSource(kind: 'list' | 'stream', host = usual): Promise<BrokerSubject> {
  const missing = await brokerMissing('Redis', host)
  const url = (at: string, password = '') => `redis://${password}${at}/${database}`
  const base = {
    type: 'redis',
    missing,
    host,
    nowhere:
      kind === 'list'
        ? undefined
        : {
            settings: () => ({ type: 'redis', url: url(host), stream: 'pombo-nothing' }) as const,
            field: 'stream',
          },
    stranger: () => ({ type: 'redis', url: url(host, 'nobody:wrong@'), [kind]: 'any' }) as const,
  }
  if (missing) return { ...base, place: never, stop: async () => {} }
  const client = new Redis(url(host))
  // A test may end its server; it connects again.
  client.on('error', () => {})
  const made: string[] = []
  return {
    ...base,
    async place() {
      const key = `pombo-test-${randomUUID()}`
      const aside = `${key}:pombo:refused`
      made.push(key)
      if (kind === 'stream') await client.xgroup('CREATE', key, 'pombo', 0, 'MKSTREAM')
      return {
        settings: (at = host) => ({ type: 'redis', url: url(at), [kind]: key }),
        async publish(messages) {
          for (let from = 0; from < messages.length; from += 100) {
            const pipeline = client.pipeline()
            for (const { body, headers = {} } of messages.slice(from, from + 100))
              if (kind === 'list') pipeline.lpush(key, asElement(body, headers))
              else pipeline.xadd(key, '*', ...Object.entries(headers).flat(), 'payload', body)
            const failed = (await pipeline.exec())?.find(([error]) => error)
            if (failed) throw failed[0]!
          }
        },
        async refused() {
          if (kind === 'list')
            return (await client.lrange(aside, 0, -1)).map((text) => {
              const { element, problem } = JSON.parse(text) as Record<string, string>
              return { body: element!, problem: problem! }
            })
          return (await client.xrange(aside, '-', '+')).map(([, fields]) => ({
            body: fields[fields.indexOf('payload') + 1]!,
            problem: fields[fields.indexOf('problem') + 1]!,
          }))
        },
        async waiting() {
          if (kind === 'stream') {
            const [pending] = (await client.xpending(key, 'pombo')) as [number]
            return pending
          }
          const lists = await client.keys(`${key}*`)
          const lengths = lists
            .filter((name) => !name.endsWith(':readers') && name !== aside)
            .map(async (name) => await client.llen(name))
          return (await Promise.all(lengths)).reduce((sum, one) => sum + one, 0)
        },
      }
    },
    async stop() {
      for (const key of made)
        for (const name of await client.keys(`${key}*`)) await client.del(name)
      client.disconnect()
    },
  }
}

/** An element has no headers: what they say is in it. */
function asElement(body: string, headers: Record<string, string>): string {
  const { 'pombo-event-type': eventType, 'pombo-ordering-key': orderingKey } = headers
  return eventType === undefined
    ? body
    : `{"eventType":"${eventType}","orderingKey":"${orderingKey}","payload":${body}}`
}

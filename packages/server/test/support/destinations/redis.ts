import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { never } from '../broker-missing.ts'
import { redisMissing, startRedis } from '../redis-server.ts'
import type { Got, Subject } from './subject.ts'

export async function redisSubject(): Promise<Subject> {
  const base = { type: 'redis', missing: redisMissing } as const
  if (redisMissing)
    return {
      ...base,
      host: '',
      nowhere: undefined,
      stranger: undefined,
      place: never,
      stop: async () => {},
    }
  const server = await startRedis()
  const client = new Redis(server.url)
  await client.config('SET', 'requirepass', 'open sesame/%')
  await client.auth('open sesame/%')
  const url = (host: string, password = 'open sesame/%') =>
    `redis://default:${encodeURIComponent(password)}@${host}/2`
  await client.select(2)
  const host = `127.0.0.1:${server.port}`
  return {
    ...base,
    host,
    async place() {
      const stream = `events:${randomUUID()}`
      const restore = async () =>
        void (await client.xgroup('CREATE', stream, 'workers', '$', 'MKSTREAM'))
      await restore()
      return {
        settings: (at = host) => ({ type: 'redis', url: url(at), stream }),
        async got() {
          const entries = await client.xrange(stream, '-', '+')
          return entries.map(([, fields]): Got => {
            const all: Record<string, string> = {}
            for (let at = 0; at < fields.length; at += 2) all[fields[at]!] = fields[at + 1]!
            const { payload = '', ...properties } = all
            return { body: payload, properties }
          })
        },
        remove: async () => void (await client.del(stream)),
        restore,
      }
    },
    nowhere: {
      settings: (at) => ({ type: 'redis', url: url(at), stream: 'nothing:here' }),
      field: 'stream',
    },
    stranger: (at) => ({ type: 'redis', url: url(at, 'wrong'), stream: 'any' }),
    async stop() {
      client.disconnect()
      await server.stop()
    },
  }
}

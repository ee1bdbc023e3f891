import { z } from 'zod'
import { addressOf, urlSetting } from '../contract/address.ts'
import { nameSetting } from '../contract/names.ts'

export const settings = z
  .object({
    type: z.literal('redis'),
    url: urlSetting(['redis', 'rediss'], 'rediss://user:password@redis.example.com:6379/0'),
    stream: nameSetting('The key of the stream', 'events:{app}'),
    create: z
      .boolean()
      .optional()
      .meta({ description: 'Make the stream where it is missing; otherwise that is a failure' }),
    maxLength: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .optional()
      .meta({ description: 'About how many entries are kept; older ones are dropped by Redis' }),
  })
  .meta({ title: 'Redis Streams' })

export type RedisSettings = z.output<typeof settings>

export const ports = { redis: 6379, rediss: 6379 }

export function redisAddress({ url }: { url: string }) {
  return addressOf(url, ports)
}

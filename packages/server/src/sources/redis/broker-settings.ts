import { z } from 'zod'
import { urlSetting } from '../../destinations/contract/address.ts'
import { brokerName, commonSettings } from '../broker/common-settings.ts'

export const settings = z
  .object({
    type: z.literal('redis'),
    url: urlSetting(['redis', 'rediss'], 'rediss://user:password@redis.example.com:6379/0'),
    stream: brokerName('The key of a stream, which must exist', 'stream:orders').optional(),
    list: brokerName('Instead of a stream: the key of a list', 'queue:orders').optional(),
    group: brokerName(
      'Of a stream: the consumer group that all nodes share; default pombo. It is made where it is missing, and ' +
        'begins with the oldest entry',
      'pombo',
    ).optional(),
    end: z.enum(['right', 'left']).optional().meta({
      description:
        'Of a list: where its oldest element is; right (default) where producers LPUSH, left where they RPUSH',
    }),
    deadLetter: brokerName(
      'The stream or list that gets what cannot be read; unless given <key>:pombo:refused',
      'orders:refused',
    ).optional(),
    ...commonSettings,
  })
  .meta({ title: 'Redis' })

export type RedisSource = z.output<typeof settings>

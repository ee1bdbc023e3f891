import { z } from 'zod'
import { urlSetting } from '../../destinations/contract/address.ts'
import { brokerName, commonSettings } from '../broker/common-settings.ts'

export const settings = z
  .object({
    type: z.literal('rabbitmq'),
    url: urlSetting(['amqp', 'amqps'], 'amqps://user:password@rabbit.example.com:5671/vhost'),
    queue: brokerName('A classic or quorum queue, which must exist', 'orders').optional(),
    stream: brokerName('Instead of a queue: a stream, which must exist', 'orders').optional(),
    partitions: z.int().min(1).max(100).optional().meta({
      description:
        'Of a super stream: how many streams <stream>-0, <stream>-1 … it has, which the nodes share',
    }),
    from: z.enum(['first', 'next']).optional().meta({
      description: 'Of a stream: where reading begins the first time; default first, the oldest',
    }),
    deadLetter: brokerName(
      'The queue that gets what cannot be read, which must exist; unless given <queue>.refused, which is made',
      'orders.refused',
    ).optional(),
    ...commonSettings,
  })
  .meta({ title: 'RabbitMQ' })

export type RabbitmqSource = z.output<typeof settings>

/** What is read, and where what cannot be goes. */
export function namesOf({ queue, stream, deadLetter }: RabbitmqSource) {
  const name = queue ?? stream!
  return { name, refused: deadLetter ?? `${name}.refused` }
}

/** What `stream` names: one, or those of a super stream. */
export function streamsOf({ stream, partitions }: RabbitmqSource): string[] {
  if (partitions === undefined) return [stream!]
  return Array.from({ length: partitions }, (_, i) => `${stream}-${i}`)
}

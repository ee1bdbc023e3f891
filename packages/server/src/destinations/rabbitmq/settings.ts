import { z } from 'zod'
import { addressOf, urlSetting } from '../contract/address.ts'
import { nameSetting } from '../contract/names.ts'

export const settings = z
  .object({
    type: z.literal('rabbitmq'),
    url: urlSetting(['amqp', 'amqps'], 'amqps://user:password@rabbit.example.com:5671/vhost'),
    queue: nameSetting('A queue, which must exist', 'orders').optional(),
    exchange: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .meta({
        description: 'Instead of a queue: an exchange, which must exist',
        examples: ['events'],
      }),
    routingKey: nameSetting(
      'With an exchange; {eventType} unless given',
      '{app}.{eventType}',
    ).optional(),
    persistent: z
      .boolean()
      .optional()
      .meta({ description: 'Messages survive a restart of the broker; default true' }),
  })
  .meta({ title: 'RabbitMQ' })

export type RabbitmqSettings = z.output<typeof settings>

export const ports = { amqp: 5672, amqps: 5671 }

/** With the vhost as its path; RabbitMQ's own is `/`. */
export function rabbitmqAddress({ url }: { url: string }) {
  const address = addressOf(url, ports)
  return { ...address, vhost: address.path === '' ? '/' : address.path }
}

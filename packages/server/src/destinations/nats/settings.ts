import { z } from 'zod'
import { addressOf, urlSetting } from '../contract/address.ts'
import { nameSetting } from '../contract/names.ts'
import { say } from '../../core/sentences/sentences.ts'

const words = z.string().min(1).max(65_536)

export const settings = z
  .object({
    type: z.literal('nats'),
    url: urlSetting(['nats', 'tls'], 'tls://user:password@nats.example.com:4222'),
    subject: nameSetting('The subject, which a JetStream stream must take', 'events.{eventType}'),
    stream: z
      .string()
      .regex(/^[^\s.*>/\\]{1,255}$/, say('stream_name'))
      .optional()
      .meta({ description: 'The stream that must be the one that takes it', examples: ['EVENTS'] }),
    token: words.optional().meta({ description: 'Instead of user and password: a token' }),
    credentials: words.optional().meta({
      description: 'Instead of user and password: the text of a .creds file (JWT and seed)',
    }),
  })
  .meta({ title: 'NATS JetStream' })

export type NatsSettings = z.output<typeof settings>

export const ports = { nats: 4222, tls: 4222 }

export function natsAddress({ url }: { url: string }) {
  return addressOf(url, ports)
}

import { z } from 'zod'
import { urlSetting } from '../../destinations/contract/address.ts'
import { brokerName, commonSettings } from '../broker/common-settings.ts'
import { say } from '../../core/sentences/sentences.ts'

const words = z.string().min(1).max(65_536)
/** Of streams and consumers. */
const name = (description: string, example: string) =>
  z
    .string()
    .regex(/^[^\s.*>/\\]{1,255}$/, say('stream_name'))
    .meta({ description, examples: [example] })

export const settings = z
  .object({
    type: z.literal('nats'),
    url: urlSetting(['nats', 'tls'], 'tls://user:password@nats.example.com:4222'),
    stream: name('The JetStream stream, which must exist', 'ORDERS'),
    subject: brokerName('Only messages of these subjects', 'orders.>').optional(),
    group: name(
      'The durable consumer that all nodes share; default pombo. It is made where it is missing, and begins with ' +
        'the oldest message',
      'pombo',
    ).optional(),
    deadLetter: brokerName(
      'The subject that gets what cannot be read, which a stream must take; unless given ' +
        'pombo.refused.<stream>, with a stream of its own, which is made',
      'orders.refused',
    ).optional(),
    token: words.optional().meta({ description: 'Instead of user and password: a token' }),
    credentials: words.optional().meta({
      description: 'Instead of user and password: the text of a .creds file (JWT and seed)',
    }),
    ...commonSettings,
  })
  .meta({ title: 'NATS JetStream' })

export type NatsSource = z.output<typeof settings>

export function namesOf({ stream, group, deadLetter }: NatsSource) {
  return { group: group ?? 'pombo', refused: deadLetter ?? `pombo.refused.${stream}` }
}

import { z } from 'zod'
import { addressOf, urlSetting } from '../contract/address.ts'
import { say } from '../../core/sentences/sentences.ts'

/** What a row can hold, under the names that its columns have unless others are given. */
export const cells = [
  'id',
  'event_type',
  'app',
  'ordering_key',
  'payload',
  'headers',
  'content_type',
] as const
export type Cell = (typeof cells)[number]

const identifier = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[^\0"]+$/, say('no_quote'))

export const settings = z
  .object({
    type: z.literal('postgres'),
    url: urlSetting(
      ['postgres', 'postgresql'],
      'postgres://user:password@db.example.com:5432/shop',
      ['sslmode'],
    ),
    table: z
      .string()
      .regex(/^[^\0".]{1,63}(?:\.[^\0".]{1,63})?$/, say('table_name'))
      .meta({
        description: 'The table that a row a message goes into',
        examples: ['public.events'],
      }),
    columns: z
      .partialRecord(z.enum(cells), identifier)
      .optional()
      .meta({
        description:
          `Other names of its columns. A table needs payload; of ${cells.join(', ')} those are filled ` +
          'that it has',
        examples: [{ payload: 'body' }],
      }),
  })
  .meta({ title: 'PostgreSQL' })

export type PostgresSettings = z.output<typeof settings>

export const ports = { postgres: 5432, postgresql: 5432 }

export const sslModes = ['verify-full', 'require', 'disable']

/** `sslmode` as libpq has it, but that the certificate is verified unless it is said that it need not be. */
export function postgresAddress({ url }: PostgresSettings) {
  const address = addressOf(url, ports)
  return { ...address, sslMode: address.query.get('sslmode') ?? 'verify-full' }
}

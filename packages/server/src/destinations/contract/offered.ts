/** The choice among kinds, by their `type`; one that is asked for and not there yet is told so by its name. */
import { z } from 'zod'

const notYet: Readonly<Record<string, string>> = { kafka: 'Kafka', sqs: 'Amazon SQS' }

export function kindsOffered<Settings extends { type: string }>(
  kinds: Readonly<Record<string, { settings: z.ZodType }>>,
  instead: string,
): z.ZodType<Settings> {
  const options = Object.values(kinds).map(({ settings }) => settings)
  const names = Object.keys(kinds).join(', ')
  return z.discriminatedUnion('type', options as never, {
    error({ code, input }) {
      if (code !== 'invalid_union') return undefined
      const { type } = (input ?? {}) as { type?: unknown }
      const name = typeof type === 'string' ? notYet[type.toLowerCase()] : undefined
      return name === undefined
        ? undefined
        : `${name} is not there yet; there are ${names}. ${instead}`
    },
  }) as unknown as z.ZodType<Settings>
}

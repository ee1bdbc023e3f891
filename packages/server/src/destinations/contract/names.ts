/** Names of queues, subjects, topics and streams that follow the message: `orders.{eventType}`. */
import { z } from 'zod'
import type { Envelope } from '../../core/destination.ts'
import { Declined } from './declined.ts'
import { say } from '../../core/sentences/sentences.ts'

const placeholders = {
  eventType: ({ eventType }: Envelope) => eventType,
  app: ({ app }: Envelope) => app,
  orderingKey: ({ orderingKey }: Envelope) => orderingKey ?? '',
}

const placeholder = /\{(\w*)\}/g

export function nameSetting(description: string, example: string) {
  return (
    z
      .string()
      .min(1)
      .max(255)
      .refine(
        (text) =>
          [...text.matchAll(placeholder)].every(([, name]) => Object.hasOwn(placeholders, name!)),
        say('placeholders', {
          names: Object.keys(placeholders)
            .map((name) => `{${name}}`)
            .join(', '),
        }),
      )
      // oxlint-disable-next-line no-control-regex -- these are looked for
      .refine((text) => !/[\u0000-\u001f\u007f]/.test(text), say('control_characters'))
      .meta({
        description: `${description}. {eventType}, {app} and {orderingKey} stand for the message's own`,
        examples: [example],
      })
  )
}

/** Whether it is the same for every message, so that it can be looked for beforehand. */
export function isFixed(name: string): boolean {
  return name.search(placeholder) === -1
}

/**
 * The name for a message.
 * @param clean what the message puts in is made to fit: where dots or slashes part words, a value must not add any
 */
export function nameFor(
  name: string,
  envelope: Envelope,
  clean = (value: string) => value,
): string {
  return name.replaceAll(placeholder, (whole, key: keyof typeof placeholders) => {
    const value = placeholders[key](envelope)
    if (value === '')
      throw new Declined('unfit', say('name_without_value', { placeholder: whole, name }))
    return clean(value)
  })
}

/** Destinations as the API takes and shows them: secrets are masked, and a mask given back means what is kept. */
import { z } from 'zod'
import type { Destination } from '../core/destination.ts'
import { invalid } from '../core/error.ts'
import { withoutPassword } from '../core/masked-url.ts'
import { kindsOffered } from './contract/offered.ts'
import { kindOf, kinds } from './kinds.ts'
import { say } from '../core/sentences/sentences.ts'

const mask = '***'

export const destinationIn = kindsOffered<Destination>(
  kinds,
  'A bridge that reads one of them, or takes webhooks, leads there',
).meta({ id: 'DestinationIn' })

export const destinationOut = z.looseObject({ type: z.enum(Object.keys(kinds)) }).meta({
  id: 'DestinationOut',
  description: 'As it was given; passwords and what else opens it are `***`',
})

export function showDestination(destination: Destination): { type: string } {
  return masked(destination, kindOf(destination).secrets)
}

/**
 * What came back as its mask is what is kept, as long as it goes to where it went: who may change an endpoint may not
 * read its secrets, and so must not send them elsewhere. Throws a 422 otherwise.
 */
export function unmaskedDestination(given: Destination, kept: Destination | null): Destination {
  return unmasked(given, kept, kindOf(given).secrets, 'destination')
}

interface Masked {
  type: string
  [setting: string]: unknown
}

/** The same for other settings with a `url`, which the member `field` of the body gives. */
export function unmasked<Settings extends Masked>(
  given: Settings,
  kept: Settings | null,
  secrets: readonly string[],
  field: string,
): Settings {
  const whole: Masked = { ...given }
  const url = given.type === kept?.type ? kept['url'] : undefined
  const isSame =
    typeof url === 'string' && [url, withoutPassword(url)].includes(String(given['url']))
  if (isSame) whole['url'] = url
  else if (typeof given['url'] === 'string' && new URL(given['url']).password === mask)
    throw again(field, 'url')
  for (const name of secrets) {
    if (given[name] !== mask) continue
    if (!isSame || kept![name] === undefined) throw again(field, name)
    whole[name] = kept![name]
  }
  return whole as Settings
}

/** Settings with their secrets masked, and the password of their `url`. */
export function masked<Settings extends Masked>(
  settings: Settings,
  secrets: readonly string[],
): Settings {
  const shown: Masked = { ...settings }
  for (const name of secrets) if (shown[name] !== undefined) shown[name] = mask
  if (typeof shown['url'] === 'string') shown['url'] = withoutPassword(shown['url'])
  return shown as Settings
}

function again(field: string, name: string) {
  return invalid(['body', field, name], say(name === 'url' ? 'password_again' : 'given_again'))
}

/** What an endpoint may set in `dialectOptions`. Evolution's own names where it has them. */
export interface Options {
  /** Put into every body as `apikey`. Left out, bodies hold none. */
  apikey?: string
  /** The event's name is put behind the URL's path: `/messages-upsert`. */
  webhookByEvents?: boolean
  /** A file that the gateway sent along decrypted is passed on, as `data.message.base64`. */
  webhookBase64?: boolean
  /** What the secret is for: an HMAC of the body, or Evolution's `jwt_key`. */
  signature?: 'hmac' | 'jwt'
}

type Kind = readonly [takes: string, fits: (value: unknown) => boolean]
const flag: Kind = ['true or false', (value) => typeof value === 'boolean']

const kinds: Record<keyof Options, Kind> = {
  apikey: ['a non-empty text', (value) => typeof value === 'string' && value !== ''],
  webhookByEvents: flag,
  webhookBase64: flag,
  signature: ['"hmac" or "jwt"', (value) => value === 'hmac' || value === 'jwt'],
}

export function optionsProblem(options: Readonly<Record<string, unknown>>): string | undefined {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(kinds, name))
      return `"${name}" is no option of this dialect; it has ${Object.keys(kinds).join(', ')}`
    const [takes, fits] = kinds[name as keyof Options]
    if (!fits(value)) return `"${name}" takes ${takes}`
  }
  return undefined
}

/** The options of a saved endpoint; what is not of its kind is as if it were not there. */
export function optionsOf(options: Readonly<Record<string, unknown>>): Options {
  const known = Object.entries(options).filter(
    ([name, value]) => Object.hasOwn(kinds, name) && kinds[name as keyof Options][1](value),
  )
  return Object.fromEntries(known)
}

/**
 * How a webhook proves who sent it, as data: what is signed, with what, and where the proof stands. The presets are
 * written in it, and so is what a caller sets of a source of the kind `webhook`.
 */
import { z } from 'zod'
import { say } from '../../core/sentences/sentences.ts'

const name = z.string().min(1).max(128)

/** Exactly one of the three. */
export const place = z
  .union([
    z.strictObject({ header: name }),
    z.strictObject({ query: name }),
    z.strictObject({ body: name }),
  ])
  .meta({
    description:
      'Where a value stands: `header`, `query` (a parameter of the URL), or `body` (a path into JSON or the name of ' +
      'a form field, such as `data.object.id`)',
    examples: [{ header: 'x-event-id' }],
  })

export type Place = z.output<typeof place>

const template = z.string().min(1).max(512)
const encoding = z.enum(['hex', 'base64', 'base64url'])

/** What all schemes with a signature share. */
const signature = {
  at: place,
  prefix: name.optional().meta({ description: 'Stands before the signature, such as `sha256=`' }),
  separator: z.string().length(1).optional().meta({
    description:
      'Where several signatures, or several parts, stand in one value: what is between them',
  }),
  part: name.optional().meta({
    description: 'The value is a list of `name=value`: the name of the signature',
  }),
  timestampPart: name.optional().meta({ description: 'And the name of the time in that list' }),
  timestamp: place.optional().meta({
    description:
      'Where the time of sending stands: seconds or milliseconds since 1970, or ISO 8601',
  }),
  toleranceSeconds: z.int().min(1).max(86_400).optional().meta({
    description: 'How far that time may be from now; 300 unless given',
  }),
  signed: template.optional().meta({
    description:
      'What is signed; `{body}` unless given. `{timestamp}`, `{url}` (as the sender called it), `{method}`, ' +
      '`{form}` (the fields of a form, sorted, each name followed by its value), `{header.NAME}`, `{query.NAME}` ' +
      'and `{body.PATH}` stand for what they say',
    examples: ['{timestamp}.{body}'],
  }),
  encoding: encoding.optional().meta({ description: 'Of the signature; hex unless given' }),
}

export const scheme = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('hmac'),
      algorithm: z.enum(['sha1', 'sha256', 'sha384', 'sha512']),
      ...signature,
      secretEncoding: z.enum(['text', 'hex', 'base64']).optional().meta({
        description:
          'What the secret is written in; text unless given. A `whsec_` before base64 is left out',
      }),
    }),
    z.object({
      kind: z.literal('digest'),
      algorithm: z.enum(['sha256', 'sha512']),
      ...signature,
      // Anybody can compute a digest of what anybody can read.
      signed: template
        .refine(
          (text) => text.includes('{secret}'),
          say('secret_named', { placeholder: '{secret}' }),
        )
        .meta({ pattern: String.raw`\{secret\}` }),
    }),
    z.object({ kind: z.literal('ed25519'), ...signature }),
    z.object({ kind: z.literal('ecdsa'), ...signature }),
    z.object({
      kind: z.literal('token'),
      at: place,
      prefix: name.optional().meta({ description: 'Stands before the token, such as `Bearer `' }),
    }),
    z.object({ kind: z.literal('basic') }),
    z.object({
      kind: z.literal('jwt'),
      at: place.optional().meta({ description: 'Authorization: Bearer unless given' }),
      algorithms: z
        .array(z.enum(['HS256', 'HS384', 'HS512', 'RS256', 'PS256', 'ES256', 'EdDSA']))
        .min(1)
        .max(7)
        .refine(
          (all) =>
            all.every((one) => one.startsWith('HS')) || !all.some((one) => one.startsWith('HS')),
          say('algorithms_mixed'),
        )
        .meta({ anyOf: [{ items: { pattern: '^HS' } }, { items: { pattern: '^[^H]' } }] }),
      issuer: name.optional(),
      audience: name.optional(),
      bodyHash: z
        .object({ claim: name, algorithm: z.enum(['sha256', 'sha512']), encoding })
        .optional()
        .meta({ description: 'A claim that holds a digest of the body' }),
    }),
  ])
  .meta({
    id: 'WebhookVerification',
    description:
      'hmac: keyed hash. digest: plain hash over a text that names the secret as `{secret}`. ed25519, ecdsa: the ' +
      "source's secret is the sender's public key (hex, base64 or PEM). token: the secret itself. basic: the " +
      'secret is `user:password`. jwt: the secret, or the public key in PEM',
  })

export type Scheme = z.output<typeof scheme>
export type Signature = Extract<Scheme, { kind: 'hmac' | 'digest' | 'ed25519' | 'ecdsa' }>

/** What a caller sets of a source of the kind `webhook`. */
export const webhookSettings = z
  .object({
    verification: scheme.optional().meta({
      description: 'How requests prove who sent them; without it only the token of the URL does',
    }),
    eventType: place.optional().meta({
      description: 'Where the event type stands; without it all events are `webhook.received`',
    }),
    eventTypePrefix: z
      .string()
      .regex(/^[a-zA-Z0-9\-_.]{1,64}$/)
      .optional()
      .meta({ description: 'Put before the type', examples: ['shop.'] }),
    eventId: place.optional().meta({
      description: 'Where the id stands by which an event that comes again is known',
    }),
    orderingKey: place.optional(),
    list: z.string().max(128).optional().meta({
      description:
        'The body holds several events: the path of their list, empty where the body is the list',
    }),
  })
  .meta({
    id: 'WebhookSettings',
    description: 'How requests of a source of the kind `webhook` are read and verified',
  })

export type WebhookSettings = z.output<typeof webhookSettings>

import { z } from 'zod'
import { certificateFacts } from '../../core/certificate.ts'
import { iso } from '../../core/clock.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import type { EndpointAuth } from '../../core/endpoint-access.ts'
import { component, pem, time } from '../field.ts'

/** How requests say who sends them, and with which certificates: what is secret goes in, and never comes out. */

const clientAuth = z.enum(['basic', 'post'])
const ascii = (maxLength: number) =>
  z.string().meta({ minLength: 1, maxLength, pattern: '^[\\x21-\\x7e]+$' })
const text = (maxLength: number, pattern = '^\\P{Cc}+$') =>
  z.string().meta({ minLength: 1, maxLength, pattern })

// What these may hold registry/endpoints/access.ts knows, and says in its 422.
export const clientCredentials = {
  clientId: text(1_024),
  clientSecret: text(8_192),
  scopes: z
    .array(z.string().meta({ pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,256}$' }))
    .meta({ maxItems: 100 }),
  extraParams: z
    .record(
      z.string().meta({
        minLength: 1,
        maxLength: 256,
        not: { enum: ['grant_type', 'client_id', 'client_secret', 'scope'] },
      }),
      z.string().meta({ maxLength: 4_096 }),
    )
    .meta({ maxProperties: 20 }),
}
const { scopes, extraParams } = clientCredentials

const oauth2In = z.object({
  type: z.literal('oauth2'),
  tokenUrl: z.string().min(1).meta({ format: 'uri' }),
  clientId: clientCredentials.clientId,
  clientSecret: clientCredentials.clientSecret,
  clientAuth: clientAuth
    .optional()
    .describe('Where the two go: header `Authorization` (default), or the form'),
  scopes: scopes.optional(),
  extraParams: extraParams
    .optional()
    .describe('Further fields of the request for a token, such as `audience`'),
})

export const authIn = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('bearer'), token: ascii(8_192) }),
    z.object({
      type: z.literal('basic'),
      username: text(1_024, '^[^\\p{Cc}:]+$'),
      password: text(1_024),
    }),
    oauth2In,
  ])
  .meta({
    description:
      'The `Authorization` of its requests: a bearer token, a name and password, or a token fetched by OAuth2 client ' +
      'credentials, kept until shortly before it runs out. Changed as a whole; null: none',
    examples: [{ type: 'bearer', token: 'a-token-of-the-receiver' }],
  })

export const authOut = z
  .object({
    type: z.enum(['bearer', 'basic', 'oauth2']),
    username: z.string().optional(),
    tokenUrl: z.string().optional(),
    clientId: z.string().optional(),
    clientAuth: clientAuth.optional(),
    scopes: z.array(z.string()).optional(),
    extraParams: z.array(z.string()).optional().describe('Their names'),
  })
  .meta({ id: 'EndpointAuthOut', description: 'Without what is secret' })

export const tlsIn = z
  .object({
    cert: pem.nullish().describe('Certificate shown to the endpoint, PEM, with its chain'),
    key: pem.nullish().describe("The certificate's private key, PEM, without a passphrase"),
    ca: pem
      .nullish()
      .describe("The only authorities that the endpoint's own certificate may come from, PEM"),
  })
  .describe(
    'Certificates of this endpoint, instead of those of the server. What is left out of it stays, null takes it ' +
      'away; null for the whole: none',
  )

const certificate = component('CertificateOut', {
  subject: z.string(),
  issuer: z.string(),
  expiresAt: time,
  fingerprint256: z.string(),
})

export const tlsOut = z
  .object({
    cert: certificate.nullable(),
    ca: z.array(certificate).nullable(),
  })
  .meta({ id: 'EndpointTlsOut', description: 'What the certificates say; keys are never shown' })

/** From the API's words to the registry's. */
export function authOf(given: z.output<typeof authIn>): EndpointAuth {
  if (given.type !== 'oauth2') return given
  const { clientAuth: way = 'basic', scopes: wanted = [], extraParams: more = {} } = given
  return { ...given, clientAuth: way, scopes: wanted, extraParams: more }
}

export function showAuth({ auth }: Pick<Endpoint, 'auth'>): z.output<typeof authOut> | null {
  if (auth === null) return null
  if (auth.type === 'bearer') return { type: auth.type }
  if (auth.type === 'basic') return { type: auth.type, username: auth.username }
  const { clientSecret: _, extraParams: more, ...shown } = auth
  return { ...shown, extraParams: Object.keys(more) }
}

export function showTls({ tls }: Pick<Endpoint, 'tls'>): z.output<typeof tlsOut> | null {
  if (tls === null) return null
  const facts = (text: string | undefined) =>
    text === undefined
      ? undefined
      : certificateFacts(text).map(({ expiresAtMs, ...others }) => ({
          ...others,
          expiresAt: iso(expiresAtMs),
        }))
  return { cert: facts(tls.cert)?.[0] ?? null, ca: facts(tls.ca) ?? null }
}

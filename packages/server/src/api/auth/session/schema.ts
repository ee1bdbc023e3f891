import { z } from 'zod'
import { roles } from '../../../core/role.ts'
import { time, nonEmpty } from '../../field.ts'
import { portalLook } from '../../portal/schema.ts'

export const role = z.enum(roles).meta({
  id: 'KeyRole',
  description:
    'read: look at everything. operate: also retry, replay, pause, test, send. administer: everything',
})

export const sessionIn = z
  .object({
    token: nonEmpty(1_024).meta({
      description: 'An API key, or the token of a portal link',
      examples: ['pombo_qF2xJrO5sK0nVf8mYt3uWz1bLc7dEh9gAi4jNkPqRsT'],
    }),
    embedded: z
      .boolean()
      .optional()
      .describe('Whether the page is framed by another site: the cookie is made for that'),
  })
  .meta({
    id: 'SessionIn',
    examples: [{ token: 'pombo_qF2xJrO5sK0nVf8mYt3uWz1bLc7dEh9gAi4jNkPqRsT' }],
  })

const app = z.object({ id: z.string(), uid: z.string().nullable(), name: z.string() })

export const sessionOut = z
  .object({
    kind: z.enum(['account', 'portal']),
    role,
    operator: z.boolean().describe('Whether it is of the tenant that runs this Pombo'),
    tenant: z.object({ id: z.string(), name: z.string() }),
    app: app.nullable().describe('The only application that it reaches'),
    key: z.object({ id: z.string(), name: z.string() }),
    featureFlags: z.array(z.string()).nullable(),
    csrfToken: z
      .string()
      .nullable()
      .describe('For `X-Pombo-Csrf`; null where a key was presented instead of the cookie'),
    expiresAt: time.nullable(),
    version: z.string(),
    portal: portalLook,
  })
  .meta({
    id: 'SessionOut',
    examples: [
      {
        kind: 'account',
        role: 'administer',
        operator: true,
        tenant: { id: 'org_01hzy3k9v2e8r5c7m4n6p8q0sa', name: 'Acme' },
        app: null,
        key: { id: 'key_01hzy3k9v2e8r5c7m4n6p8q0sa', name: 'first key' },
        featureFlags: null,
        csrfToken: 'Kx0bVnq3sV1mYt3uWz1bLc7dEh9gAi4jNkPqRsT0aBc',
        expiresAt: '2026-01-31T21:30:00.000Z',
        version: '0.1.0',
        portal: {
          name: null,
          logoUrl: null,
          theme: 'auto',
          language: null,
          colors: { accent: null, accentText: null },
          pages: ['live', 'messages', 'failed', 'endpoints', 'eventTypes'],
        },
      },
    ],
  })

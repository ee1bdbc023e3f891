import { z } from 'zod'
import type { PortalSettings } from './store.ts'
import { say } from '../../core/sentences/sentences.ts'
import { component, nonEmpty } from '../field.ts'

export const portalPages = ['live', 'messages', 'failed', 'endpoints', 'eventTypes'] as const

const color = z
  .string()
  .regex(/^#[0-9a-f]{6}$/i, say('colour_form'))
  .nullable()

const look = {
  name: nonEmpty(100).nullable().describe('In place of Pombo’s own'),
  logoUrl: z
    .string()
    .max(2_048)
    .regex(/^https:\/\/[^\s"'<>\\]+$/, say('https_address'))
    .nullable(),
  theme: z.enum(['auto', 'light', 'dark']),
  language: z.enum(['en', 'pt-BR']).nullable().describe("null: the browser's"),
  colors: z.object({ accent: color, accentText: color }),
  pages: z.array(z.enum(portalPages)).describe('The pages that the portal shows'),
}

export const portalLook = component('PortalLook', look)

const example = {
  name: 'Acme',
  logoUrl: 'https://acme.example.com/logo.svg',
  theme: 'auto' as const,
  language: 'pt-BR' as const,
  colors: { accent: '#0f766e', accentText: '#ffffff' },
  pages: ['messages' as const, 'failed' as const, 'endpoints' as const],
  allowedOrigins: ['https://app.example.com'],
}

const origin = z
  .string()
  .max(255)
  .regex(/^https?:\/\/(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/i, say('origin_form'))

const allowedOrigins = z
  .array(origin)
  .max(20)
  .meta({
    description: 'Origins whose pages may show the portal in a frame; nobody else can',
    examples: [['https://app.example.com']],
  })

export const portalSettingsOut = z.object({ ...look, allowedOrigins }).meta({
  id: 'PortalSettingsOut',
  examples: [example],
})

/** What is left out is put back to what it was at first. */
export const portalSettingsIn = z
  .object({
    name: look.name.optional(),
    logoUrl: look.logoUrl.optional(),
    theme: look.theme.optional(),
    language: look.language.optional(),
    colors: z
      .object({ accent: color.optional(), accentText: color.optional() })
      .optional()
      .meta({ examples: [{ accent: '#0f766e', accentText: '#ffffff' }] }),
    pages: look.pages.min(1).optional(),
    allowedOrigins: allowedOrigins.optional(),
  })
  .meta({ id: 'PortalSettingsIn', examples: [example] })

export function showLook(settings: PortalSettings): z.output<typeof portalLook> {
  const { name, logoUrl, theme, language, accent, accentText, pages } = settings
  return {
    name,
    logoUrl,
    theme,
    language,
    colors: { accent, accentText },
    pages: portalPages.filter((page) => pages === null || pages.includes(page)),
  }
}

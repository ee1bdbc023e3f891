import { defined } from '../../core/defined.ts'
import type { Pool } from '../../db/pool.ts'
import { json, type Route, route } from '../route.ts'
import { portalSettingsIn, portalSettingsOut, showLook } from './schema.ts'
import { type PortalSettings, portalSettingsOf, savePortalSettings } from './store.ts'

const tag = 'Portal'
const path = '/api/v1/portal/settings'
const out = { description: 'The settings', body: portalSettingsOut }

/** How the portal of a tenant's customers looks, and where it may be framed. */
export function portalRoutes(db: Pool): Route[] {
  return [
    route({
      at: `GET ${path}`,
      id: 'v1.portal.get-settings',
      tag,
      summary: "Get how the customers' portal looks",
      access: 'tenant',
      answers: { 200: out },
      handle: async ({ holder }) => json(200, show(await portalSettingsOf(db, holder.tenantId))),
    }),
    route({
      at: `PUT ${path}`,
      id: 'v1.portal.set-settings',
      tag,
      summary: "Set how the customers' portal looks, and which sites may frame it",
      description: 'All of it: what is left out is as it was at first.',
      access: 'tenant',
      body: portalSettingsIn,
      answers: { 200: out },
      async handle({ holder, body: { colors, ...rest } }) {
        const given = defined({ ...rest, accent: colors?.accent, accentText: colors?.accentText })
        return json(200, show(await savePortalSettings(db, holder.tenantId, given)))
      },
    }),
  ]
}

function show(settings: PortalSettings) {
  return { ...showLook(settings), allowedOrigins: settings.allowedOrigins }
}

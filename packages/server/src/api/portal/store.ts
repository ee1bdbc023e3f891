import { inAuditedTransaction } from '../../db/audit.ts'
import type { Pool, Queryable } from '../../db/pool.ts'

export interface PortalSettings {
  name: string | null
  logoUrl: string | null
  theme: 'auto' | 'light' | 'dark'
  language: 'en' | 'pt-BR' | null
  accent: string | null
  accentText: string | null
  /** Null: all. */
  pages: string[] | null
  allowedOrigins: string[]
}

const usual: PortalSettings = {
  name: null,
  logoUrl: null,
  theme: 'auto',
  language: null,
  accent: null,
  accentText: null,
  pages: null,
  allowedOrigins: [],
}

export async function portalSettingsOf(db: Queryable, tenantId: string): Promise<PortalSettings> {
  const { rows } = await db.query<PortalSettings>(
    /* sql */ `
      select name, logo_url as "logoUrl", theme, language, accent, accent_text as "accentText", pages,
             allowed_origins as "allowedOrigins"
        from portal_settings where tenant_id = $1`,
    [tenantId],
  )
  return rows[0] ?? usual
}

export async function savePortalSettings(
  db: Pool,
  tenantId: string,
  given: Partial<PortalSettings>,
): Promise<PortalSettings> {
  const settings = { ...usual, ...given }
  await inAuditedTransaction(db, async (client) => {
    await client.query(
      /* sql */ `
        insert into portal_settings (
          tenant_id, name, logo_url, theme, language, accent, accent_text, pages, allowed_origins)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (tenant_id) do update
           set name = excluded.name, logo_url = excluded.logo_url, theme = excluded.theme, language = excluded.language,
               accent = excluded.accent, accent_text = excluded.accent_text, pages = excluded.pages,
               allowed_origins = excluded.allowed_origins, updated_at = now()`,
      [
        tenantId,
        settings.name,
        settings.logoUrl,
        settings.theme,
        settings.language,
        settings.accent,
        settings.accentText,
        settings.pages,
        settings.allowedOrigins,
      ],
    )
  })
  return settings
}

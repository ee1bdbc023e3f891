import type { FastifyRequest } from 'fastify'
import { readId } from '../../core/id.ts'
import type { Pool } from '../../db/pool.ts'
import type { Presented } from '../access.ts'
import { sessionTokens } from '../auth/session/cookie.ts'
import { portalSettingsOf } from './store.ts'

/**
 * Which origins may frame the page at this address: those that the tenant lists, for the portal's pages alone. Which
 * tenant, the address says when the portal is opened, and the session when it is loaded again.
 */
export function createFraming(db: Pool, presentSession: (token: string) => Promise<Presented>) {
  return async (request: FastifyRequest): Promise<string[]> => {
    if (!/^\/portal(?:[/?]|$)/.test(request.url)) return []
    const { tenant } = request.query as { tenant?: unknown }
    const tenantId =
      typeof tenant === 'string'
        ? readId('tenant', tenant)
        : await ofSession(request, presentSession)
    return tenantId === undefined ? [] : (await portalSettingsOf(db, tenantId)).allowedOrigins
  }
}

async function ofSession(
  request: FastifyRequest,
  presentSession: (token: string) => Promise<Presented>,
): Promise<string | undefined> {
  for (const token of sessionTokens(request.headers.cookie)) {
    const presented = await presentSession(token)
    if (presented.known) return presented.holder.tenantId
  }
  return undefined
}

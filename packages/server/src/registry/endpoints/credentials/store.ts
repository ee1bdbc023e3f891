import { invalid, PomboError, missing } from '../../../core/error.ts'
import type { Secret } from '../../../core/secret.ts'
import { wrongHeader } from '../../../core/request-headers.ts'
import type { AppScope } from '../../apps/app.ts'
import { mergeHeaders, showHeaders, type ShownHeaders } from '../headers.ts'
import { byIdOrUid, findEndpoint } from '../rows/store.ts'
import type { EndpointsOptions, EndpointWriter } from '../writer/store.ts'
import { say } from '../../../core/sentences/sentences.ts'

const DEFAULT_OVERLAP_MS = 86_400_000
const MAX_OVERLAP_MS = 7 * 86_400_000
/** Every valid secret signs each request; more than these would make a header that receivers refuse. */
const MAX_SECRETS = 10

/** What an endpoint signs with, and the headers it sends along. */
export function createCredentials(
  { pool, opener }: EndpointsOptions,
  { write, held, heldOpen, noteEndpoint, secretFor, insertSecret, change }: EndpointWriter,
) {
  async function setHeaders(
    scope: AppScope,
    idOrUid: string,
    next: (current: Record<string, string>) => Record<string, string>,
  ): Promise<void> {
    await write(scope, async (db, app) => {
      const endpoint = await heldOpen(db, scope, idOrUid)
      const headers = next(endpoint.headers)
      const wrong = wrongHeader(headers)
      if (wrong)
        throw invalid(
          ['body', 'headers', ...(wrong.name === undefined ? [] : [wrong.name])],
          wrong.problem,
        )
      await change(db, app, endpoint, { headers })
    })
  }

  return {
    /** The current secret; null where the endpoint has none. */
    async secret(scope: AppScope, idOrUid: string): Promise<Secret | null> {
      const endpoint =
        (await findEndpoint(pool, opener, scope, byIdOrUid(idOrUid))) ??
        missing('endpoint', idOrUid)
      return endpoint.secrets.find(({ expiresAtMs }) => expiresAtMs === null)?.secret ?? null
    },

    /**
     * Puts a new secret, given or made, in place of the current one, which goes on signing beside it for `overlapMs`
     * (24 h; 0 to 7 days).
     */
    async rotateSecret(
      scope: AppScope,
      idOrUid: string,
      options: { key?: string | null; overlapMs?: number } = {},
    ): Promise<Secret> {
      const { key, overlapMs = DEFAULT_OVERLAP_MS } = options
      if (!Number.isInteger(overlapMs) || overlapMs < 0 || overlapMs > MAX_OVERLAP_MS)
        throw invalid(['body', 'gracePeriodSeconds'], {
          msg: `must be from 0 to ${MAX_OVERLAP_MS / 1_000}`,
          code: 'out_of_range',
          values: { min: 0, max: MAX_OVERLAP_MS / 1_000 },
        })
      return await write(scope, async (db, app) => {
        const endpoint = await held(db, scope, idOrUid)
        const next = secretFor(endpoint.dialect, key, 'key')
        if (!next)
          throw invalid(['body', 'key'], say('secret_given', { dialect: endpoint.dialect }))
        if (endpoint.secrets.some(({ secret }) => secret.text === next.text))
          throw invalid(['body', 'key'], say('secret_again'))
        if (endpoint.secrets.length >= MAX_SECRETS && overlapMs > 0) {
          const detail = say('secrets_enough', { count: endpoint.secrets.length })
          throw new PomboError('conflict', { detail })
        }
        // By the database's clock, which also decides which ones are read.
        await db.query(
          /* sql */ `
            delete from endpoint_secret
             where endpoint_id = $1 and (expires_at <= now() or (expires_at is null and $2))`,
          [endpoint.id, overlapMs === 0],
        )
        await db.query(
          /* sql */ `
            update endpoint_secret set expires_at = now() + $2 * interval '1 millisecond'
             where endpoint_id = $1 and expires_at is null`,
          [endpoint.id, overlapMs],
        )
        await insertSecret(db, scope.tenantId, endpoint.id, next)
        await noteEndpoint(db, endpoint, app, [{ type: 'endpoint.updated' }])
        return next
      })
    },

    /** Takes all of them away: the endpoint's requests are not signed from here on. */
    async removeSecrets(scope: AppScope, idOrUid: string): Promise<void> {
      await write(scope, async (db, app) => {
        const endpoint = await held(db, scope, idOrUid)
        await db.query('delete from endpoint_secret where endpoint_id = $1', [endpoint.id])
        await noteEndpoint(db, endpoint, app, [{ type: 'endpoint.updated' }])
      })
    },

    /** Sensitive ones by name only. */
    async headers(scope: AppScope, idOrUid: string): Promise<ShownHeaders> {
      const endpoint =
        (await findEndpoint(pool, opener, scope, byIdOrUid(idOrUid))) ??
        missing('endpoint', idOrUid)
      return showHeaders(endpoint.headers)
    },

    putHeaders: async (
      scope: AppScope,
      idOrUid: string,
      headers: Record<string, string>,
    ): Promise<void> => await setHeaders(scope, idOrUid, () => headers),

    /** A null removes. */
    patchHeaders: async (
      scope: AppScope,
      idOrUid: string,
      patch: Record<string, string | null>,
    ): Promise<void> => await setHeaders(scope, idOrUid, (current) => mergeHeaders(current, patch)),
  }
}

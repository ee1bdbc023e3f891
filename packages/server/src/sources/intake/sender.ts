/** Who sends a request, and which sessions it is about. */
import type { Said } from '../../core/said.ts'
import { codeOf } from '../../core/sentences/sentences.ts'
import type { RefusalSaid } from './counters/count.ts'
import { PomboError } from '../../core/error.ts'
import type { Seal } from '../../db/seal.ts'
import { sealContext } from '../../db/reseal.ts'
import { jsonObject } from '../gateway/request.ts'
import type { GatewayRequest, GatewaySource, Parsed, Verdict } from '../gateway/gateway.ts'
import type { SourceLookup } from './lookup.ts'
import type { Source } from './settings.ts'
import { isToken } from './token.ts'

/** A source by its token, or anyone with an API key, whose session then says which source it is. */
export type Sender =
  | { kind: 'source'; source: Source }
  | { kind: 'key'; tenantId: string; appId: string | null }

/** Whom an API key belongs to, as the registry says. */
export interface KeyHolder {
  tenantId: string
  /** Null: the whole tenant's. */
  appId: string | null
  refused: 'revoked' | 'expired' | null
}

/** @throws PomboError `ingest_unauthorised`; `permission_denied` for another gateway's token */
export async function senderOf(
  gateway: string,
  keys: readonly string[],
  lookup: SourceLookup,
  holderOf: (apiKey: string) => Promise<KeyHolder | undefined>,
): Promise<Sender> {
  for (const key of keys) {
    if (isToken(key)) {
      const source = await lookup.byToken(key)
      if (source === undefined) continue
      if (source.gateway === gateway) return { kind: 'source', source }
      throw new PomboError('permission_denied', {
        detail: `it belongs to the gateway "${source.gateway}", and the path says "${gateway}".`,
      })
    }
    const holder = await holderOf(key)
    if (holder && holder.refused === null)
      return { kind: 'key', tenantId: holder.tenantId, appId: holder.appId }
  }
  throw new PomboError('ingest_unauthorised', {
    detail: keys.length === 0 ? 'None came.' : 'The one that came is not known.',
  })
}

/** Whether the request is signed as the source asks; `ok` where it asks for nothing. */
export async function signatureOf(
  gateway: GatewaySource,
  source: Source,
  request: GatewayRequest,
  seal: Seal,
): Promise<Verdict> {
  if (source.secretSealed === null) return 'ok'
  const secret = seal.open(source.secretSealed, sealContext('source_secret', source.id))
  const verdict = await gateway.verify(request, secret)
  return verdict === 'absent' && cannotSign(gateway, request) ? 'ok' : verdict
}

/** In words, for the answer and for the source's page; nothing of the request's own. */
export function whyRefused(verdict: Exclude<Verdict, 'ok'>, { absent }: GatewaySource): Said {
  const said = (msg: string, code: RefusalSaid['code']): RefusalSaid => ({ msg: `${msg}.`, code })
  if (verdict === 'absent') return said(absent ?? 'it carries no signature', 'unsigned')
  if (verdict === 'bad') return said('what it carries does not match', 'unproven')
  return { msg: `${verdict.refused}.`, ...codeOf(verdict.refused) }
}

/**
 * Evolution reports its own errors by a webhook that takes no headers, so no proof either. The token is all there is.
 */
function cannotSign(gateway: GatewaySource, request: GatewayRequest): boolean {
  return gateway.name === 'evolution' && jsonObject(request.rawBody)?.['event'] === 'error'
}

/** What a request says, by session. A URL that serves all sessions may bring several at once. */
export function bySession(parsed: Parsed, usual: string): Map<string, Parsed> {
  if (parsed.outcome !== 'events') return new Map([[parsed.session ?? usual, parsed]])
  const sessions = Map.groupBy(parsed.events, (event) => event.session)
  const parts = new Map<string, Parsed>()
  for (const [session, events] of sessions)
    parts.set(session, { outcome: 'events', events, skipped: [] })
  const first = parts.values().next().value ?? { outcome: 'events', events: [], skipped: [] }
  if (first.outcome === 'events') first.skipped.push(...parsed.skipped)
  if (parts.size === 0) parts.set(usual, first)
  return parts
}

/**
 * Supabase's database webhooks: `{type, table, schema, record, old_record}`, sent by pg_net after the commit,
 * without an id, a time or a signature, and without a second try. For events that must not be lost there is the
 * outbox (postgres/).
 *
 * The event is called what the path says after the session, else as the table is known. The body is delivered
 * to the byte.
 */
import { memberText } from '../../core/json.ts'
import { fields, text } from '../../core/json-values.ts'
import { hashOf } from '../gateway/origin.ts'
import { jsonObject, notUnderstood } from '../gateway/request.ts'
import { type RowOperation, rowOperations } from '../database/row-change.ts'
import { verifySecret } from '../gateway/signature.ts'
import type { GatewayRequest, GatewaySource, Parsed } from '../gateway/gateway.ts'
import { eventTypeOf } from './events.ts'

/** A header that the webhook is given by hand; Supabase has nothing else to prove itself by. */
const secretHeader = 'x-webhook-secret'

/**
 * The copies that some versions of its trigger send come at once. An update that says the same a minute later
 * is a new one.
 */
const repeatSeconds: Record<RowOperation, number> = { INSERT: 60, DELETE: 60, UPDATE: 10 }

const maxKeyCharacters = 256

export const supabase: GatewaySource = {
  name: 'supabase',
  verify: async (request, secret) => verifySecret(request.headers[secretHeader], secret),
  parse: async (request) => parse(request),
}

function parse(request: GatewayRequest): Parsed {
  const body = jsonObject(request.rawBody)
  const type = rowOperations.find((one) => one === body?.['type'])
  const [schema, table] = [text(body?.['schema']), text(body?.['table'])]
  const record = fields(body?.['record']) ?? null
  const oldRecord = fields(body?.['old_record']) ?? null
  if (!type || schema === null || table === null || (record ?? oldRecord) === null)
    return notUnderstood(request, 'it is no change of a row: type, schema, table and record')

  const payload = request.rawBody.toString()
  const { event } = request
  const eventType =
    event !== null && /^[a-zA-Z0-9\-_.]{1,256}$/.test(event)
      ? event
      : eventTypeOf({ type, schema, table, record, oldRecord })
  const [now, before] = [memberText(payload, 'record'), memberText(payload, 'old_record')]
  const hash = hashOf(JSON.stringify([eventType, type, schema, table, now, before]))
  const id = memberText((record ? now : before)!, 'id')
  const orderingKey =
    id === undefined || id === 'null' ? null : `${table}:${id.replaceAll('"', '')}`
  return {
    outcome: 'messages',
    session: request.session,
    messages: [
      {
        eventType,
        payload,
        orderingKey:
          orderingKey !== null && orderingKey.length > maxKeyCharacters ? null : orderingKey,
        dedupe: { key: `supabase ${hash}`, windowSeconds: repeatSeconds[type] },
      },
    ],
  }
}

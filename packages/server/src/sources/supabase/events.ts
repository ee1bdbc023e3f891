/** What a change of a row is called. */
import { word } from '../../whatsapp/wire/json-shapes.ts'
import type { RowOperation } from '../database/row-change.ts'

type Row = Readonly<Record<string, unknown>> | null

/** The tables of the "agentes" system, in the schema public. */
const names: Readonly<Record<string, Partial<Record<RowOperation, string>>>> = {
  users: { INSERT: 'user.registered', UPDATE: 'user.updated' },
  agents: { INSERT: 'agent.created', UPDATE: 'agent.updated', DELETE: 'agent.deleted' },
  conversations: { INSERT: 'conversation.created' },
  messages: { INSERT: 'conversation.message.added' },
}

const kindColumns = ['integration_type', 'type', 'provider', 'service', 'platform', 'name']
const statusColumns = ['status', 'state', 'connection_status']

export interface Change {
  type: RowOperation
  schema: string
  table: string
  record: Row
  oldRecord: Row
}

/** A known table's event, else `<table>.<insert|update|delete>`. */
export function eventTypeOf(change: Change): string {
  const { schema, table, type } = change
  const usual = `${table.replace(/[^a-zA-Z0-9\-_.]/g, '_').slice(0, 240)}.${type.toLowerCase()}`
  if (schema !== 'public') return usual
  if (table === 'external_integrations') return integrationEvent(change) ?? usual
  return (Object.hasOwn(names, table) ? names[table]![type] : undefined) ?? usual
}

/** An integration is an event when its connection begins or ends; what else changes of it keeps its plain name. */
function integrationEvent({ type, record, oldRecord }: Change): string | undefined {
  const is = isConnected(record)
  const was = isConnected(oldRecord)
  if (type === 'UPDATE' && was && !is) return 'integration.disconnected'
  if (type === 'DELETE' || !is || was) return undefined
  const kind = first(record, kindColumns)
  const known = ['whatsapp', 'openai'].find((name) => kind?.startsWith(name))
  return known && `integration.${known}.connected`
}

function isConnected(row: Row): boolean {
  return ['connected', 'active'].includes(first(row, statusColumns) ?? '')
}

function first(row: Row, columns: readonly string[]): string | undefined {
  for (const column of columns) {
    const value = row && Object.hasOwn(row, column) ? word(row[column]) : null
    if (value !== null) return value.toLowerCase()
  }
  return undefined
}

/**
 * The five tables of the "agentes" system, whose columns its document does not list: what is there of the usual
 * ones is taken.
 */
import type { Mapping, Operation } from './mapping.ts'
import { identifier } from './quote.ts'
import type { TableFacts } from './catalog/store.ts'

export const presetTables = [
  'users',
  'agents',
  'conversations',
  'messages',
  'external_integrations',
] as const

const columnsNamed = (text: string): readonly string[] => text.split(' ')

/** Columns that may leave, as far as a table has them. What can hold credentials is not among them. */
const allowed: Record<(typeof presetTables)[number], readonly string[]> = {
  users: columnsNamed('id email name full_name phone organization_id created_at'),
  agents: columnsNamed(
    'id user_id organization_id name type status is_active template_id created_at',
  ),
  conversations: columnsNamed('id user_id organization_id agent_id channel status created_at'),
  messages: columnsNamed(
    'id conversation_id user_id agent_id organization_id role sender_type direction type message_type ' +
      'content created_at',
  ),
  external_integrations: columnsNamed(
    'id user_id organization_id agent_id name integration_type type provider service platform ' +
      'status state connected_at created_at updated_at',
  ),
}

const kindColumns = ['integration_type', 'type', 'provider', 'service', 'platform', 'name']
const statusColumns = ['status', 'state', 'connection_status']

export type Preset = { ok: true; mappings: Mapping[] } | { ok: false; problem: string }

/** `tables` in the order of `presetTables`. */
export function agentesPreset(tables: readonly TableFacts[], onError: Mapping['onError']): Preset {
  const mappings: Mapping[] = []
  const add = (
    place: number,
    operation: Operation,
    event: string,
    key: Mapping['key'],
    when: string | null = null,
  ): void => {
    const table = tables[place]!
    const columns = allowed[presetTables[place]!].filter((name) => table.columns.includes(name))
    const known = key !== null && key.columns.every((name) => table.columns.includes(name))
    mappings.push({ table, operation, event, columns, key: known ? key : null, when, onError })
  }
  const by = (prefix: string, column = 'id') => ({ prefix, columns: [column] })
  add(0, 'insert', 'user.registered', by('user'))
  add(1, 'insert', 'agent.created', by('agent'))
  // A conversation's messages come after it, where an endpoint keeps order.
  add(2, 'insert', 'conversation.created', by('conversation'))
  add(3, 'insert', 'conversation.message.added', by('conversation', 'conversation_id'))

  const integrations = tables[4]!
  const kind = kindColumns.find((name) => integrations.columns.includes(name))
  const status = statusColumns.find((name) => integrations.columns.includes(name))
  if (kind === undefined || status === undefined)
    return {
      ok: false,
      problem:
        'external_integrations has no column that says ' +
        (kind === undefined
          ? `what is integrated (${kindColumns.join(', ')}). `
          : `how it stands (${statusColumns.join(', ')}). `) +
        'Install its triggers one by one, with --table, --event and --when.',
    }
  const connected = (row: 'new' | 'old') =>
    `coalesce(lower(${row}.${identifier(status)}::text) in ('connected', 'active'), false)`
  for (const what of ['whatsapp', 'openai']) {
    const is = `lower(new.${identifier(kind)}::text) like '${what}%' and ${connected('new')}`
    add(4, 'insert', `integration.${what}.connected`, by('integration'), is)
    add(
      4,
      'update',
      `integration.${what}.connected`,
      by('integration'),
      `${is} and not ${connected('old')}`,
    )
  }
  add(
    4,
    'update',
    'integration.disconnected',
    by('integration'),
    `${connected('old')} and not ${connected('new')}`,
  )
  return { ok: true, mappings }
}

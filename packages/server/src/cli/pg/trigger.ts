import { arrayElements } from './quote.ts'
import type { InstalledTrigger } from './store.ts'

/** What an installed trigger does, as its arguments and its definition say. */
export interface TriggerFacts {
  event: string
  operation: string
  columns: string[]
  /** Columns that it names and the table no longer has: they are missing from every event. */
  lost: string[]
  key: string | null
  onError: string
  when: string | null
  enabled: boolean
}

export function readTrigger(installed: InstalledTrigger): TriggerFacts {
  // Each argument ends with a zero byte.
  const [event = '', list = '', prefix = '', keyList = '', onError = ''] = installed.args
    .toString()
    .split('\0')
  const columns = arrayElements(list)
  const keyColumns = arrayElements(keyList)
  const { definition } = installed
  return {
    event,
    operation:
      /^CREATE TRIGGER .*? AFTER (INSERT|UPDATE|DELETE)/.exec(definition)?.[1]?.toLowerCase() ?? '',
    columns,
    lost: [...new Set([...columns, ...keyColumns])].filter(
      (name) => !installed.columns.includes(name),
    ),
    key: keyColumns.length === 0 ? null : `${prefix}:${keyColumns.join(',')}`,
    onError,
    when: / WHEN \((.*)\) EXECUTE FUNCTION /s.exec(definition)?.[1] ?? null,
    enabled: installed.enabled,
  }
}

import { useTranslations } from 'use-intl'
import { layOut } from '../../api/exact-json.ts'
import { Mono, Muted } from '../../parts/layout.tsx'
import { type Column, Table } from '../../parts/table.tsx'

type Change = readonly [field: string, value: unknown]

/** What was changed, a line a field: a pair of before and after, or a secret; what is no change is shown as it is. */
export function Changes({ of }: { of: Record<string, unknown> }) {
  const t = useTranslations('audit')
  const side = (value: unknown, index: 0 | 1) => {
    if (value === 'hidden') return <Muted>{t('hidden')}</Muted>
    if (!Array.isArray(value) || value.length !== 2)
      return index === 1 && <Mono>{textOf(value)}</Mono>
    const shown: unknown = value[index]
    return shown === null ? <Muted>–</Muted> : <Mono>{textOf(shown)}</Mono>
  }
  const columns: Column<Change>[] = [
    { id: 'field', head: t('field'), is: 'nowrap', cell: ([field]) => field },
    { id: 'before', head: t('before'), is: 'text', cell: ([, value]) => side(value, 0) },
    { id: 'after', head: t('after'), is: 'text', cell: ([, value]) => side(value, 1) },
  ]
  return (
    <Table
      label={t('changes')}
      columns={columns}
      rows={Object.entries(of)}
      rowKey={([field]) => field}
    />
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : layOut(value)
}

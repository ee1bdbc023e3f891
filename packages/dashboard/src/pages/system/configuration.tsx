import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import type { System } from '../../api/shapes.ts'
import { CheckField, SearchField } from '../../parts/field.tsx'
import { FilterBar, Foot } from '../../parts/foot.tsx'
import { Foreign, Mono, Muted, Panel, Stack } from '../../parts/layout.tsx'
import { Empty, Notice } from '../../parts/states.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { useLanguage } from '../../words/language.ts'
import type { Language } from '../../words/languages.ts'

const route = getRouteApi('/in/system')

type Entry = NonNullable<System['configuration']>[number]

const sources = ['command', 'environment', 'file', 'default'] as const

/** What each variable says, where the server does not say it in the language itself. */
const variables: Record<Language, () => Promise<Readonly<Record<string, string>>>> = {
  en: () => Promise.resolve({}),
  'pt-BR': async () => (await import('../../words/pt/variables.ts')).variables,
}

export function Configuration({ entries }: { entries: System['configuration'] }) {
  const t = useTranslations('system')
  const { q = '', settings } = route.useSearch()
  const navigate = route.useNavigate()
  const { language } = useLanguage()
  const { data: said = {} } = useQuery({
    queryKey: ['variables', language],
    queryFn: variables[language],
    staleTime: Infinity,
  })
  const from = (source: string): string => {
    const known = sources.find((one) => one === source)
    return known === undefined ? source : t(`from${known}`)
  }
  const columns: Column<Entry>[] = [
    {
      id: 'variable',
      head: t('variable'),
      cell: ({ variable }) => <Mono>{variable}</Mono>,
    },
    {
      id: 'description',
      head: t('what'),
      minor: true,
      cell: ({ variable, description }) => (
        <Muted>{said[variable] ?? <Foreign>{description}</Foreign>}</Muted>
      ),
    },
    {
      id: 'value',
      head: t('value'),
      cell: ({ value, source }) => (
        <Stack tight>
          {value === null ? <Muted>{t('unset')}</Muted> : <Mono>{value === '' ? '–' : value}</Mono>}
          {source !== 'unset' && <Muted>{from(source)}</Muted>}
        </Stack>
      ),
    },
  ]
  const shown = entries?.filter(
    ({ variable, description, source }) =>
      `${variable} ${said[variable] ?? description}`.toLowerCase().includes(q.toLowerCase()) &&
      (settings !== 'set' || (source !== 'default' && source !== 'unset')),
  )
  return (
    <Panel
      title={t('configuration')}
      flush
      actions={
        entries !== null && (
          <FilterBar>
            <CheckField
              label={t('onlySet')}
              checked={settings === 'set'}
              onChange={({ target }) =>
                void navigate({
                  search: (before) => ({ ...before, settings: target.checked ? 'set' : undefined }),
                  resetScroll: false,
                })
              }
            />
            <SearchField
              label={t('find')}
              value={q}
              onSearch={(text) =>
                void navigate({ search: (before) => ({ ...before, q: text }), resetScroll: false })
              }
            />
          </FilterBar>
        )
      }
    >
      {shown === undefined ? (
        <Notice tone="info">{t('configurationNone')}</Notice>
      ) : shown.length === 0 ? (
        <Empty title={t('noneFound')} />
      ) : (
        <>
          <Table
            label={t('configuration')}
            columns={columns}
            rows={shown}
            rowKey={({ variable }) => variable}
          />
          <Foot>{t('configurationHow')}</Foot>
        </>
      )}
    </Panel>
  )
}

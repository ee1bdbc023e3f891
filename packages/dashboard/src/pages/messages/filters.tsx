import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { ListFilter, X } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { eventTypeNamesQuery } from '../../api/event-types.ts'
import { Button } from '../../parts/button.tsx'
import { FilterSelect, SearchField, TextField } from '../../parts/field.tsx'
import { FilterBar } from '../../parts/foot.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { AppFilter } from '../../shell/app-filter.tsx'
import { messageStates, type Span, spans } from './search.ts'

const route = getRouteApi('/in/messages')

const spanWords = {
  '1h': 'lastHour',
  '24h': 'lastDay',
  '7d': 'lastWeek',
  '30d': 'lastMonth',
} as const

const stateWords = {
  waiting: 'optionWaiting',
  delivered: 'optionDelivered',
  exhausted: 'optionExhausted',
  discarded: 'optionDiscarded',
  unmatched: 'optionUnmatched',
} as const

type Filters = ReturnType<typeof route.useSearch>

export function MessageFilters() {
  const t = useTranslations('messages')
  const filters = route.useSearch()
  const navigate = route.useNavigate()
  const types = useQuery(eventTypeNamesQuery)
  const [more, setMore] = useState(false)
  const set = (change: Partial<Filters>): void =>
    void navigate({ search: (before) => ({ ...before, ...change }) })
  const { app: _, ...own } = filters
  const any = Object.values(own).some((one) => one !== undefined)
  const hidden = [filters.channel, filters.tag, filters.key, filters.text].filter(Boolean).length
  const typeOptions = [...new Set([...(types.data ?? []), ...(filters.type ? [filters.type] : [])])]
  return (
    <FilterBar>
      <SearchField
        label={t('searchLabel')}
        value={filters.q ?? ''}
        onSearch={(q) => set({ q: q || undefined })}
      />
      <AppFilter />
      <FilterSelect
        label={t('state')}
        value={filters.state ?? ''}
        onPick={(state) => set({ state: state === '' ? undefined : state })}
        options={[
          { value: '' as const, label: t('anyState') },
          ...messageStates.map((value) => ({ value, label: t(stateWords[value]) })),
        ]}
      />
      <FilterSelect
        label={t('eventType')}
        value={filters.type ?? ''}
        onPick={(type) => set({ type: type || undefined })}
        options={[
          { value: '', label: t('anyType') },
          ...typeOptions.map((value) => ({ value, label: value })),
        ]}
      />
      <FilterSelect
        label={t('since')}
        value={filters.span ?? ''}
        onPick={(span) => set({ span: (span || undefined) as Span | undefined })}
        options={[
          { value: '', label: t('anyTime') },
          ...spans.map((value) => ({ value, label: t(spanWords[value]) })),
        ]}
      />
      <Button icon={ListFilter} onClick={() => setMore(true)}>
        {t('filters')}
        {hidden > 0 && ` (${hidden})`}
      </Button>
      {any && (
        <Button
          kind="quiet"
          icon={X}
          onClick={() => void navigate({ search: ({ app: kept }) => ({ app: kept }) })}
        >
          {t('clear')}
        </Button>
      )}
      {more && (
        <MoreFilters
          filters={filters}
          onClose={() => setMore(false)}
          onSet={(change) => {
            set(change)
            setMore(false)
          }}
        />
      )}
    </FilterBar>
  )
}

function MoreFilters({
  filters,
  onClose,
  onSet,
}: {
  filters: Filters
  onClose: () => void
  onSet: (change: Partial<Filters>) => void
}) {
  const t = useTranslations('messages')
  const common = useTranslations('common')
  const [typed, setTyped] = useState({
    type: filters.type ?? '',
    channel: filters.channel ?? '',
    tag: filters.tag ?? '',
    key: filters.key ?? '',
    text: filters.text ?? '',
  })
  const field = (name: keyof typeof typed) => ({
    value: typed[name],
    onChange: (event: { target: { value: string } }) =>
      setTyped((before) => ({ ...before, [name]: event.target.value })),
  })
  const or = (text: string): string | undefined => text.trim() || undefined
  return (
    <FormDialog
      title={t('filters')}
      action={common('search')}
      busy={false}
      onClose={onClose}
      onSend={() =>
        onSet({
          type: or(typed.type),
          channel: or(typed.channel),
          tag: or(typed.tag),
          key: or(typed.key),
          text: or(typed.text),
        })
      }
    >
      <TextField label={t('eventType')} {...field('type')} />
      <TextField label={t('channel')} {...field('channel')} />
      <TextField label={t('tag')} {...field('tag')} />
      <TextField label={t('orderingKey')} help={t('orderingKeyHelp')} {...field('key')} />
      <TextField label={t('text')} help={t('textHelp')} minLength={2} {...field('text')} />
    </FormDialog>
  )
}

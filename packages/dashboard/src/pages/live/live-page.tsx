import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Pause, Play } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import { eventTypeNamesQuery } from '../../api/event-types.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { FilterSelect } from '../../parts/field.tsx'
import { FilterBar } from '../../parts/foot.tsx'
import { Page, Panel, Row } from '../../parts/layout.tsx'
import { Notice } from '../../parts/states.tsx'
import { useScope } from '../../shell/scope.ts'
import { LiveRows } from './live-rows.tsx'
import { liveStates } from './search.ts'
import { follow, type LiveState } from './stream.ts'

const route = getRouteApi('/in/live')

const nothing: LiveState = { status: 'connecting', rows: [], seen: 0, dropped: 0 }

function useStream(address: string): LiveState {
  const [heard, setHeard] = useState({ address, state: nothing })
  useEffect(
    () =>
      follow(
        address,
        (state) => setHeard({ address, state }),
        (url) => new EventSource(url),
      ),
    [address],
  )
  // What was heard of another question is no answer to this one.
  return heard.address === address ? heard.state : nothing
}

export function LivePage() {
  const t = useTranslations('live')
  const scope = useScope()
  const filters = route.useSearch()
  const { type, state, source, endpoint } = filters
  const wanted = new URLSearchParams({
    ...(scope !== undefined && { app_id: scope }),
    ...(type !== undefined && { event_type: type }),
    ...(state !== undefined && { state }),
    ...(source !== undefined && { source }),
    ...(endpoint !== undefined && { endpoint_id: endpoint }),
  })
  const live = useStream(`/api/v1/stream?${wanted}`)
  const [held, setHeld] = useState<LiveState>()
  const shown = held ?? live
  return (
    <Page
      title={t('title')}
      shown={
        <Row>
          {t('title')}
          <Status status={held === undefined ? live.status : 'paused'} />
        </Row>
      }
      actions={
        <Button
          icon={
            held === undefined ? <Pause size={14} aria-hidden /> : <Play size={14} aria-hidden />
          }
          onClick={() => setHeld(held === undefined ? live : undefined)}
        >
          {held === undefined ? t('pause') : t('resume')}
          {held !== undefined &&
            live.seen > held.seen &&
            ` · ${t('waitingNew', { count: live.seen - held.seen })}`}
        </Button>
      }
    >
      <Filters />
      {shown.dropped > 0 && <Notice tone="warn">{t('dropped', { count: shown.dropped })}</Notice>}
      <Panel flush>
        <LiveRows rows={shown.rows} />
      </Panel>
    </Page>
  )
}

function Status({ status }: { status: LiveState['status'] | 'paused' }) {
  const t = useTranslations('live')
  switch (status) {
    case 'connected':
      return <Badge tone="good">{t('connected')}</Badge>
    case 'connecting':
      return <Badge>{t('connecting')}</Badge>
    case 'paused':
      return <Badge>{t('paused')}</Badge>
    case 'broken':
    case 'ended':
      return <Badge tone="warn">{t('broken')}</Badge>
  }
}

function Filters() {
  const t = useTranslations('live')
  const filters = route.useSearch()
  const navigate = route.useNavigate()
  const types = useQuery(eventTypeNamesQuery)
  return (
    <FilterBar>
      <FilterSelect
        label={t('type')}
        value={filters.type ?? ''}
        onPick={(type) =>
          void navigate({ search: (before) => ({ ...before, type: type || undefined }) })
        }
        options={[
          { value: '', label: t('anyType') },
          ...(types.data ?? []).map((value) => ({ value, label: value })),
        ]}
      />
      <FilterSelect
        label={t('state')}
        value={filters.state ?? ''}
        onPick={(state) =>
          void navigate({
            search: (before) => ({ ...before, state: state === '' ? undefined : state }),
          })
        }
        options={[
          { value: '' as const, label: t('anyState') },
          ...liveStates.map((value) => ({ value, label: t(value) })),
        ]}
      />
    </FilterBar>
  )
}

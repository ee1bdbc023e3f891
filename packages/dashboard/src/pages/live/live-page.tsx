import { getRouteApi } from '@tanstack/react-router'
import { Pause, Play } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import { basePath } from '../../api/base-path.ts'
import { api } from '../../api/client.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Page, Panel, Row } from '../../parts/layout.tsx'
import { Notice } from '../../parts/states.tsx'
import { useSession } from '../../session/session.ts'
import { useScope } from '../../shell/scope.ts'
import { LiveFilters } from './live-filters.tsx'
import { LiveRows } from './live-rows.tsx'
import { follow, type LiveState } from './stream.ts'

const route = getRouteApi('/in/live')

const nothing: LiveState = { status: 'connecting', rows: [], seen: 0, dropped: 0 }

function useStream(address: string): LiveState {
  const { csrfToken } = useSession()
  // Another session is another question too: it begins at once.
  const asked = `${address} ${csrfToken}`
  const [heard, setHeard] = useState({ asked, state: nothing })
  useEffect(
    () =>
      follow(
        address,
        (state) => setHeard({ asked, state }),
        (url) => new EventSource(url),
      ),
    [address, asked],
  )
  // What was heard of another question is no answer to this one.
  const state = heard.asked === asked ? heard.state : nothing
  const broken = state.status === 'broken'
  // A stream does not say why it broke off: whether the session is over, another request is told.
  useEffect(() => {
    if (broken) void api.GET('/api/v1/overview', { params: { query: {} } }).catch(() => undefined)
  }, [broken])
  return state
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
  const live = useStream(`${basePath}/api/v1/stream?${wanted}`)
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
          icon={held === undefined ? Pause : Play}
          onClick={() => setHeld(held === undefined ? live : undefined)}
        >
          {held === undefined ? t('pause') : t('resume')}
          {held !== undefined &&
            live.seen > held.seen &&
            ` · ${t('waitingNew', { count: live.seen - held.seen })}`}
        </Button>
      }
    >
      <LiveFilters />
      {shown.dropped > 0 && <Notice tone="warn">{t('dropped', { count: shown.dropped })}</Notice>}
      <Panel flush>
        <LiveRows rows={shown.rows} withApp={scope === undefined} />
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
      return <Badge tone="warn">{t('broken')}</Badge>
  }
}

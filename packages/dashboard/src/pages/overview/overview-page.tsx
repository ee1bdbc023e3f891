import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { type SeriesSpan, seriesSpans } from '../../api/series.ts'
import { FilterSelect } from '../../parts/field.tsx'
import { Page, Panel } from '../../parts/layout.tsx'
import { Awaiting } from '../../parts/states.tsx'
import { useScope } from '../../shell/scope.ts'
import { Attention } from './attention.tsx'
import { OverviewCharts } from './overview-charts.tsx'
import { Tiles } from './tiles.tsx'

const route = getRouteApi('/in/overview')

export function OverviewPage() {
  const t = useTranslations('overview')
  const scope = useScope()
  const { span = '1h' } = route.useSearch()
  const navigate = route.useNavigate()
  const now = useQuery({
    queryKey: ['overview', scope],
    refetchInterval: 5_000,
    queryFn: async () => {
      const query = scope === undefined ? {} : { app_id: scope }
      return await ask(api.GET('/api/v1/overview', { params: { query } }))
    },
  })
  return (
    <Page
      title={t('title')}
      actions={
        <FilterSelect
          label={t('span')}
          value={span}
          onPick={(picked: SeriesSpan) =>
            void navigate({ search: (before) => ({ ...before, span: picked }) })
          }
          options={seriesSpans.map((value) => ({ value, label: t(`span${value}`) }))}
        />
      }
    >
      {now.data === undefined ? (
        <Panel flush>
          <Awaiting of={now} rows={3} />
        </Panel>
      ) : (
        <>
          <Tiles now={now.data} />
          <Attention now={now.data} />
        </>
      )}
      <OverviewCharts span={span} />
    </Page>
  )
}

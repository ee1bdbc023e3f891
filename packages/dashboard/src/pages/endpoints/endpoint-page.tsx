import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { asProblem } from '../../api/problem.ts'
import { Back, Mono, Page, Panel, Row } from '../../parts/layout.tsx'
import { Bones, Failure } from '../../parts/states.tsx'
import { Tabs } from '../../parts/tabs.tsx'
import { useMay } from '../../session/session.ts'
import { EndpointActions } from './endpoint-actions.tsx'
import { EndpointOverview } from './endpoint-overview.tsx'
import { EndpointSettings } from './endpoint-settings.tsx'
import { HealthBadge, stateOf } from './health.tsx'
import { endpointQuery } from './queries.ts'
import { HeaderNames } from './header-names.tsx'
import { SecretAndHeaders } from './secret-and-headers.tsx'
import { endpointTabs } from './search.ts'

const route = getRouteApi('/in/endpoints/$appId/$endpointId')

export function EndpointPage() {
  const t = useTranslations('endpoints.detail')
  const { appId, endpointId } = route.useParams()
  const { tab = 'overview' } = route.useSearch()
  const navigate = route.useNavigate()
  const may = useMay()
  const endpoint = useQuery(endpointQuery(appId, endpointId))
  const shown = endpoint.data
  return (
    <Page
      title={shown?.url ?? t('back')}
      shown={
        shown && (
          <Row>
            <Mono>{shown.url}</Mono>
            <HealthBadge state={stateOf(shown)} />
          </Row>
        )
      }
      back={<Back to="/endpoints">{t('back')}</Back>}
      actions={shown && <EndpointActions appId={appId} endpoint={shown} />}
      lead={shown && shown.description !== '' ? shown.description : undefined}
    >
      <Tabs
        label={t('back')}
        value={tab}
        onPick={(picked) => void navigate({ search: (before) => ({ ...before, tab: picked }) })}
        tabs={endpointTabs.map((value) => ({ value, label: t(value) }))}
      />
      {endpoint.isPending ? (
        <Panel flush>
          <Bones />
        </Panel>
      ) : shown === undefined ? (
        <Failure problem={asProblem(endpoint.error)} retry={() => void endpoint.refetch()} />
      ) : tab === 'overview' ? (
        <EndpointOverview appId={appId} endpoint={shown} />
      ) : tab === 'settings' ? (
        <EndpointSettings key={shown.id} appId={appId} endpoint={shown} />
      ) : !may('administer') ? (
        <HeaderNames appId={appId} endpoint={shown} />
      ) : (
        <SecretAndHeaders appId={appId} endpoint={shown} />
      )}
    </Page>
  )
}

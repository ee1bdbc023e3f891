import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { RefreshCw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Back, Page, Panel, Split } from '../../parts/layout.tsx'
import { Awaiting } from '../../parts/states.tsx'
import { useMay } from '../../session/session.ts'
import { Broker } from './broker.tsx'
import { BrokerDialog } from './broker-form.tsx'
import { gatewayTitle } from './gateways.ts'
import { LoginCode } from './login-code.tsx'
import { Point } from './point.tsx'
import { Sessions } from './sessions.tsx'
import { Stats } from './stats.tsx'

const route = getRouteApi('/in/sources/$appId/$sourceId')

export function SourcePage() {
  const t = useTranslations('sources')
  const common = useTranslations('common')
  const { appId, sourceId } = route.useParams()
  const may = useMay()
  const navigate = useNavigate()
  const queries = useQueryClient()
  const [asking, setAsking] = useState<'rotate' | 'remove' | 'broker'>()
  const params = { path: { app_id: appId, source_id: sourceId } }
  const source = useQuery({
    queryKey: ['source', appId, sourceId],
    queryFn: async () => await ask(api.GET('/api/v1/app/{app_id}/source/{source_id}', { params })),
    // How its broker is read changes by itself.
    refetchInterval: ({ state }) => (state.data?.broker ? 5_000 : false),
  })
  const rotate = useMutation({
    mutationFn: async () =>
      await ask(api.POST('/api/v1/app/{app_id}/source/{source_id}/token/rotate', { params })),
  })
  const shown = source.data
  return (
    <Page
      title={shown === undefined ? t('title') : titleOf(shown)}
      back={<Back to="/sources">{t('back')}</Back>}
      actions={
        may('administer') && (
          <>
            <Button icon={RefreshCw} onClick={() => setAsking('rotate')}>
              {t('rotate')}
            </Button>
            <Button icon={Trash2} onClick={() => setAsking('remove')}>
              {t('remove')}
            </Button>
          </>
        )
      }
    >
      {shown === undefined ? (
        <Awaiting of={source} />
      ) : (
        <Split
          main={
            <>
              <LoginCode appId={appId} />
              <Broker
                {...shown}
                actions={
                  may('administer') && (
                    <Button onClick={() => setAsking('broker')}>{common('edit')}</Button>
                  )
                }
              />
              <Panel title={t('point')}>
                <Point
                  gateway={shown.gateway}
                  url={shown.url}
                  ingestUrl={rotate.data?.ingestUrl}
                  tokenHint={shown.tokenHint}
                />
              </Panel>
              <Sessions source={sourceId} />
            </>
          }
          side={<Stats appId={appId} sourceId={sourceId} />}
        />
      )}
      {asking === 'broker' && shown !== undefined && (
        <BrokerDialog appId={appId} source={shown} onClose={() => setAsking(undefined)} />
      )}
      {asking === 'rotate' && (
        <Confirm
          title={t('rotate')}
          action={t('rotate')}
          onClose={() => setAsking(undefined)}
          run={async () => {
            await rotate.mutateAsync()
            return t('rotated')
          }}
        >
          {t('rotateHow')}
        </Confirm>
      )}
      {asking === 'remove' && (
        <Confirm
          title={t('remove')}
          action={t('remove')}
          onClose={() => setAsking(undefined)}
          run={async () => {
            await ask(api.DELETE('/api/v1/app/{app_id}/source/{source_id}', { params }))
            void queries.invalidateQueries({ queryKey: ['sources'] })
            await navigate({ to: '/sources' })
            return t('removed')
          }}
        >
          {t('removeHow')}
        </Confirm>
      )}
    </Page>
  )
}

function titleOf({ gateway, name }: { gateway: string; name: string }): string {
  return name === gateway ? gatewayTitle(gateway) : `${gatewayTitle(gateway)} ${name}`
}

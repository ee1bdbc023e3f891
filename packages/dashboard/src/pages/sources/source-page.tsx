import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { ArrowLeft, RefreshCw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { asProblem } from '../../api/problem.ts'
import { Button } from '../../parts/button.tsx'
import { Id } from '../../parts/code.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { backClass, Facts, Muted, Page, Panel, Split, Stack } from '../../parts/layout.tsx'
import { Bones, Failure, Notice } from '../../parts/states.tsx'
import { Ago } from '../../parts/time.tsx'
import { useMay } from '../../session/session.ts'

const route = getRouteApi('/in/sources/$appId/$sourceId')

export function SourcePage() {
  const t = useTranslations('sources')
  const { appId, sourceId } = route.useParams()
  const may = useMay()
  const navigate = useNavigate()
  const queries = useQueryClient()
  const [asking, setAsking] = useState<'rotate' | 'remove'>()
  const params = { path: { app_id: appId, source_id: sourceId } }
  const source = useQuery({
    queryKey: ['source', appId, sourceId],
    queryFn: async () => await ask(api.GET('/api/v1/app/{app_id}/source/{source_id}', { params })),
  })
  const rotate = useMutation({
    mutationFn: async () =>
      await ask(api.POST('/api/v1/app/{app_id}/source/{source_id}/token/rotate', { params })),
  })
  const shown = source.data
  return (
    <Page
      title={shown === undefined ? t('title') : `${shown.gateway} ${shown.name}`}
      back={
        <Link to="/sources" className={backClass}>
          <ArrowLeft size={13} aria-hidden /> {t('back')}
        </Link>
      }
      actions={
        may('administer') && (
          <>
            <Button icon={<RefreshCw size={14} aria-hidden />} onClick={() => setAsking('rotate')}>
              {t('rotate')}
            </Button>
            <Button icon={<Trash2 size={14} aria-hidden />} onClick={() => setAsking('remove')}>
              {t('remove')}
            </Button>
          </>
        )
      }
    >
      {shown === undefined ? (
        source.error === null ? (
          <Bones />
        ) : (
          <Failure problem={asProblem(source.error)} retry={() => void source.refetch()} />
        )
      ) : (
        <Split
          main={
            <Panel title={t('point')}>
              <Stack tight>
                <p>{t('pointHow')}</p>
                {rotate.data === undefined ? (
                  <>
                    <Id id={shown.url} />
                    {shown.tokenHint !== null && (
                      <Muted>{t('tokenHidden', { hint: shown.tokenHint })}</Muted>
                    )}
                  </>
                ) : (
                  <>
                    <Notice tone="good">{t('tokenOnce')}</Notice>
                    <Id id={rotate.data.ingestUrl} />
                  </>
                )}
              </Stack>
            </Panel>
          }
          side={<Stats appId={appId} sourceId={sourceId} />}
        />
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

function Stats({ appId, sourceId }: { appId: string; sourceId: string }) {
  const t = useTranslations('sources')
  const format = useFormatter()
  const stats = useQuery({
    queryKey: ['source', appId, sourceId, 'stats'],
    refetchInterval: 10_000,
    queryFn: async () =>
      await ask(
        api.GET('/api/v1/app/{app_id}/source/{source_id}/stats', {
          params: { path: { app_id: appId, source_id: sourceId } },
        }),
      ),
  })
  const { data } = stats
  return (
    <Panel title={t('stats')}>
      {data === undefined ? (
        stats.error === null ? (
          <Bones rows={4} />
        ) : (
          <Failure problem={asProblem(stats.error)} />
        )
      ) : (
        <Facts
          rows={[
            ...(
              [
                'received',
                'accepted',
                'duplicate',
                'filtered',
                'skipped',
                'refused',
                'unrecognised',
                'badSignature',
                'tooLarge',
              ] as const
            ).map((name) => [t(name), format.number(data[name])] as const),
            [t('lastEvent'), <Ago key="last" at={data.lastEventAt} />],
            [t('delivered'), format.number(data.deliveries.delivered)],
            [t('givenUp'), format.number(data.deliveries.exhausted)],
          ]}
        />
      )}
    </Panel>
  )
}

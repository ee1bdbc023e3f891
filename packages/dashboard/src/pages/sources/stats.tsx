import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useFormatter, useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { SourceStats } from '../../api/shapes.ts'
import { Facts, Muted, Panel, Stack } from '../../parts/layout.tsx'
import { Notice, Awaiting } from '../../parts/states.tsx'
import { Ago } from '../../parts/time.tsx'
import { Reason } from './reason.tsx'

/** What came from the gateway in a day, and what became of it. */
export function Stats({ appId, sourceId }: { appId: string; sourceId: string }) {
  const t = useTranslations('sources')
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
  if (stats.data !== undefined) return <Counts appId={appId} stats={stats.data} />
  return (
    <Panel title={t('stats')}>
      <Awaiting of={stats} rows={4} />
    </Panel>
  )
}

const counted = [
  'received',
  'accepted',
  'duplicate',
  'filtered',
  'skipped',
  'refused',
  'badSignature',
  'addressRefused',
  'tooLarge',
] as const

function Counts({ appId, stats }: { appId: string; stats: SourceStats }) {
  const t = useTranslations('sources')
  const chat = useTranslations('messages.chat')
  const format = useFormatter()
  const { unrecognised, lastRefusal, silentSince, filteredBy, deliveries } = stats
  return (
    <>
      <Panel title={t('stats')}>
        <Stack>
          {silentSince !== null && (
            <Notice tone="warn">
              {t.rich('silentSince', { since: () => <Ago at={silentSince} /> })}
            </Notice>
          )}
          {lastRefusal !== null && (
            <Notice tone="bad">
              {t.rich('lastRefusal', {
                when: () => <Ago at={lastRefusal.at} />,
                reason: () => <Reason key="reason" why={lastRefusal} />,
              })}
            </Notice>
          )}
          <Facts
            rows={[
              [t('lastEvent'), <Ago key="last" at={stats.lastEventAt} />],
              ...counted.map((name) => [t(name), format.number(stats[name])] as const),
              ...Object.entries(filteredBy).map(
                ([reason, count]) =>
                  [
                    t('filteredFor', {
                      reason: chat.has(reason as 'noise') ? chat(reason as 'noise') : reason,
                    }),
                    format.number(Number(count)),
                  ] as const,
              ),
              [
                t('unrecognised'),
                unrecognised === 0 ? (
                  format.number(0)
                ) : (
                  <Link
                    key="unrecognised"
                    to="/messages"
                    search={{ app: appId, tag: 'unrecognised' }}
                  >
                    {format.number(unrecognised)} · {t('unrecognisedLook')}
                  </Link>
                ),
              ],
            ]}
          />
          {unrecognised > 0 && <Muted>{t('unrecognisedWhy')}</Muted>}
        </Stack>
      </Panel>
      <Panel title={t('appDeliveries')}>
        <Facts
          rows={[
            [t('delivered'), format.number(deliveries.delivered)],
            [t('waiting'), format.number(deliveries.waiting)],
            [t('givenUp'), format.number(deliveries.exhausted)],
          ]}
        />
      </Panel>
    </>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { Endpoint } from '../../api/shapes.ts'
import { Mono, Muted, Panel, Row, Stack } from '../../parts/layout.tsx'
import { Awaiting } from '../../parts/states.tsx'

/** For who may look and not change: which headers there are. Any of them may be a credential. */
export function HeaderNames({ appId, endpoint }: { appId: string; endpoint: Endpoint }) {
  const t = useTranslations('endpoints.secrets')
  const params = { path: { app_id: appId, endpoint_id: endpoint.id } }
  const headers = useQuery({
    queryKey: ['endpoint-headers', appId, endpoint.id],
    queryFn: async () =>
      await ask(api.GET('/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers', { params })),
  })
  const names = headers.data?.sensitive
  return (
    <Panel title={t('headers')}>
      {names === undefined ? (
        <Awaiting of={headers} rows={3} />
      ) : (
        <Stack tight>
          <Muted>{t('namesOnly')}</Muted>
          {names.length === 0 && <span>{t('noHeaders')}</span>}
          {names.map((name) => (
            <Row key={name}>
              <Mono>{name}</Mono> <Muted>{t('hidden')}</Muted>
            </Row>
          ))}
        </Stack>
      )}
    </Panel>
  )
}

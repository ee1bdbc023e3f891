import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useFormatter, useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { SourceSession } from '../../api/shapes.ts'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { Muted, Panel, Row } from '../../parts/layout.tsx'
import { Awaiting } from '../../parts/states.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { useScope } from '../../shell/scope.ts'
import { gatewayTitle } from './gateways.ts'

const tones: Record<SourceSession['state'], Tone> = {
  connected: 'good',
  quiet: 'neutral',
  silent: 'bad',
  never: 'neutral',
}

function sessionsQuery(app: string | undefined, source: string | undefined) {
  return {
    queryKey: ['sessions', app, source],
    refetchInterval: 10_000,
    queryFn: async () => {
      const query = {
        limit: 250,
        ...(app !== undefined && { app_id: app }),
        ...(source !== undefined && { source_id: source }),
      }
      return (await ask(api.GET('/api/v1/source/session', { params: { query } }))).data
    },
  }
}

/**
 * The sessions behind the gateways, or behind one source, the latest first: whether they speak, how much, and what
 * their device says.
 */
export function Sessions({ source }: { source?: string }) {
  const t = useTranslations('sources')
  const app = useScope()
  const sessions = useQuery(sessionsQuery(app, source))
  const columns = useColumns()
  if (sessions.data?.length === 0) return null
  return (
    <Panel flush title={t('sessionsTitle')}>
      {sessions.data === undefined ? (
        <Awaiting of={sessions} rows={4} />
      ) : (
        <Table
          label={t('sessionsTitle')}
          columns={columns}
          rows={sessions.data}
          rowKey={({ sourceId, appId }) => `${sourceId} ${appId}`}
        />
      )}
    </Panel>
  )
}

function useColumns(): Column<SourceSession>[] {
  const t = useTranslations('sources')
  const format = useFormatter()
  return [
    {
      id: 'session',
      head: t('session'),
      is: 'fill',
      cell: ({ appId, appUid }) => (
        <Link to="/messages" search={{ app: appId }} title={appUid ?? appId}>
          {appUid ?? appId}
        </Link>
      ),
    },
    {
      id: 'gateway',
      head: t('gateway'),
      is: 'name',
      minor: true,
      cell: ({ gateway, name }) => (
        <>
          {gatewayTitle(gateway)} <Muted>{name === gateway ? '' : name}</Muted>
        </>
      ),
    },
    {
      id: 'state',
      head: t('state'),
      is: 'nowrap',
      cell: ({ state }) => <Badge tone={tones[state]}>{t(`sessionState.${state}`)}</Badge>,
    },
    {
      id: 'device',
      head: t('device'),
      minor: true,
      cell: ({ device }) =>
        device && (
          <Row>
            {device.status} <Muted>{device.lastMessage ?? device.lastType}</Muted>
          </Row>
        ),
    },
    {
      id: 'rate',
      head: t('perMinute'),
      is: 'number',
      cell: ({ eventsPerMinute }) => format.number(eventsPerMinute, { maximumFractionDigits: 1 }),
    },
    {
      id: 'unrecognised',
      head: t('unrecognised'),
      is: 'number',
      minor: true,
      cell: ({ appId, unrecognised }) =>
        unrecognised === 0 ? (
          <Muted>–</Muted>
        ) : (
          <Link to="/messages" search={{ app: appId, tag: 'unrecognised' }}>
            {format.number(unrecognised)}
          </Link>
        ),
    },
    { id: 'last', head: t('lastEvent'), ago: ({ lastEventAt }) => lastEventAt },
  ]
}

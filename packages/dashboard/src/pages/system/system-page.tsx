import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { asProblem } from '../../api/problem.ts'
import type { System } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { Columns, Facts, Mono, Muted, Page, Panel } from '../../parts/layout.tsx'
import { Bones, Failure } from '../../parts/states.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Ago } from '../../parts/time.tsx'
import { Configuration } from './configuration.tsx'
import { Doctor } from './doctor.tsx'

export function SystemPage() {
  const t = useTranslations('system')
  const system = useQuery({
    queryKey: ['system'],
    queryFn: async () => await ask(api.GET('/api/v1/system')),
    refetchInterval: 10_000,
  })
  const shown = system.data
  return (
    <Page title={t('title')} lead={t('lead')}>
      {shown === undefined ? (
        system.error === null ? (
          <Panel flush>
            <Bones />
          </Panel>
        ) : (
          <Failure problem={asProblem(system.error)} retry={() => void system.refetch()} />
        )
      ) : (
        <>
          <Doctor />
          <Made of={shown} />
          <Nodes nodes={shown.nodes} />
          <Days of={shown} />
          <Configuration entries={shown.configuration} />
        </>
      )}
    </Page>
  )
}

function Made({ of: { version, schemaVersion, queue, database, retention } }: { of: System }) {
  const t = useTranslations('system')
  const format = useFormatter()
  const bytes = useBytes()
  const kept: (readonly [string, ReactNode])[] = [
    [t('retention'), format.number(retention.days)],
    ...retention.tenants.map(
      ({ name, days }) => [t('retentionOf', { name }), format.number(days)] as const,
    ),
  ]
  return (
    <Columns>
      <Panel title={t('database')}>
        <Facts
          rows={[
            [t('version'), <Mono key="version">{version}</Mono>],
            [t('schema'), schemaVersion === null ? '–' : format.number(schemaVersion)],
            ['PostgreSQL', <Mono key="database">{database.version}</Mono>],
            [t('size'), bytes(database.bytes)],
            ...kept,
          ]}
        />
      </Panel>
      <Panel title={t('queue')}>
        <Facts
          rows={[
            [t('waiting'), format.number(queue.waiting)],
            [t('retrying'), format.number(queue.retrying)],
            [t('underWay'), format.number(queue.underWay)],
            [
              t('oldest'),
              queue.oldestWaitingAt === null ? (
                '–'
              ) : (
                <Ago key="oldest" at={queue.oldestWaitingAt} />
              ),
            ],
          ]}
        />
      </Panel>
    </Columns>
  )
}

function Nodes({ nodes }: Pick<System, 'nodes'>) {
  const t = useTranslations('system')
  const format = useFormatter()
  const columns: Column<System['nodes'][number]>[] = [
    { id: 'name', head: t('node'), is: 'fill', cell: ({ name }) => name },
    { id: 'id', head: 'Id', is: 'nowrap', minor: true, cell: ({ id }) => <Mono>{id}</Mono> },
    { id: 'version', head: t('version'), is: 'nowrap', cell: (one) => <Mono>{one.version}</Mono> },
    {
      id: 'schema',
      head: t('schema'),
      is: 'number',
      minor: true,
      cell: (one) => format.number(one.schemaVersion),
    },
    { id: 'load', head: t('load'), is: 'number', cell: (one) => format.number(one.underWay) },
    { id: 'started', head: t('started'), ago: ({ startedAt }) => startedAt },
    { id: 'lease', head: t('lease'), minor: true, ago: ({ expiresAt }) => expiresAt },
  ]
  return (
    <Panel title={t('nodes')} flush>
      <Table label={t('nodes')} columns={columns} rows={nodes} rowKey={({ id }) => id} />
    </Panel>
  )
}

type Day = System['database']['days'][number]

function Days({ of: { at, database } }: { of: System }) {
  const t = useTranslations('system')
  const format = useFormatter()
  const bytes = useBytes()
  const today = at.slice(0, 10)
  const counted = (rows: number | null) => (rows === null ? '–' : format.number(rows))
  const columns: Column<Day>[] = [
    {
      id: 'day',
      head: t('day'),
      is: 'nowrap',
      cell: ({ day }) => (
        <>
          {format.dateTime(new Date(`${day}T12:00:00Z`), { dateStyle: 'medium', timeZone: 'UTC' })}{' '}
          {day > today && <Badge plain>{t('ahead')}</Badge>}
        </>
      ),
    },
    {
      id: 'messages',
      head: t('messages'),
      is: 'number',
      cell: ({ messages }) => counted(messages),
    },
    {
      id: 'attempts',
      head: t('attempts'),
      is: 'number',
      cell: ({ attempts }) => counted(attempts),
    },
    {
      id: 'partitions',
      head: t('partitions'),
      is: 'fill',
      minor: true,
      cell: ({ partitions }) => (
        <Muted>{partitions.map((one) => `${one.table} ${bytes(one.bytes)}`).join(', ')}</Muted>
      ),
    },
    { id: 'size', head: t('size'), is: 'number', cell: (one) => bytes(one.bytes) },
  ]
  return (
    <Panel title={t('days')} actions={<Muted>{t('daysHow')}</Muted>} flush>
      <Table label={t('days')} columns={columns} rows={database.days} rowKey={({ day }) => day} />
    </Panel>
  )
}

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']

/** Bytes as a person says them: 8.2 MB. */
function useBytes(): (bytes: number) => string {
  const format = useFormatter()
  return (bytes) => {
    const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
    return format.number(bytes / 1_000 ** step, {
      style: 'unit',
      unit: units[step]!,
      unitDisplay: 'short',
      maximumFractionDigits: step === 0 ? 0 : 1,
    })
  }
}

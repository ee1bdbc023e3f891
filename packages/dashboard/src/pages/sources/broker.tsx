import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import type { SourceShown } from '../../api/shapes.ts'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { Facts, Mono, Panel } from '../../parts/layout.tsx'
import { Ago } from '../../parts/time.tsx'
import { brokerKinds, type BrokerType } from './brokers.ts'
import { Reason } from './reason.tsx'

type Reading = NonNullable<SourceShown['reading']>

const tones: Record<Reading['state'], Tone> = {
  connecting: 'info',
  reading: 'good',
  waiting: 'warn',
  failing: 'bad',
  paused: 'neutral',
  stopped: 'warn',
}

/** The member of the settings that names what is read. */
const places = ['queue', 'stream', 'subject', 'topic', 'list']

export function ReadingBadge({ state }: Pick<Reading, 'state'>) {
  const t = useTranslations('sources.reading')
  return <Badge tone={tones[state]}>{t(state)}</Badge>
}

/** Without its password. */
export function brokerUrl(broker: object): string {
  return 'url' in broker ? String(broker.url) : ''
}

/** What feeds a source, how that goes, and since when; nothing where no broker does. */
export function Broker({
  broker,
  reading,
  actions,
}: Pick<SourceShown, 'broker' | 'reading'> & { actions?: ReactNode }) {
  const t = useTranslations('sources')
  if (broker === null || reading === null) return null
  const settings: Readonly<Record<string, unknown>> = broker
  const place = places.map((name) => settings[name]).find((value) => typeof value === 'string')
  return (
    <Panel title={t('broker')} actions={actions}>
      <Facts
        rows={[
          [t('brokerKind'), brokerKinds[broker.type as BrokerType].title],
          [t('address'), <Mono key="url">{brokerUrl(broker)}</Mono>],
          [t('brokerReads'), <Mono key="place">{place ?? ''}</Mono>],
          [t('state'), <ReadingBadge key="state" state={reading.state} />],
          ...(reading.reason === null
            ? []
            : [[t('reason'), <Reason key="reason" why={reading} />] as const]),
          [t('since'), <Ago key="since" at={reading.since} />],
          ...reading.nodes.map(
            ({ node, state }) => [node, <ReadingBadge key={node} state={state} />] as const,
          ),
        ]}
      />
    </Panel>
  )
}

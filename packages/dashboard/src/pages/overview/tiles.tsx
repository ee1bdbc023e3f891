import type { ReactNode } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import type { Overview } from '../../api/shapes.ts'
import { Ago, useDuration } from '../../parts/time.tsx'
import { names } from '../../parts/class-names.ts'
import styles from './overview.module.css'

/** The figures that say whether it works. */
export function Tiles({ now }: { now: Overview }) {
  const t = useTranslations('overview')
  const format = useFormatter()
  const duration = useDuration()
  const rate = (value: number): string =>
    format.number(value, { maximumFractionDigits: value < 10 ? 1 : 0 })
  const { queue, endpoints, sources, nodes } = now
  const p50 = now.deliveryMs?.p50 ?? null
  return (
    <dl className={styles.tiles}>
      <Tile name={t('eventsIn')} note={t('lastMinute')}>
        {rate(now.eventsPerSecond)}
        <Unit>/s</Unit>
      </Tile>
      <Tile name={t('deliveries')} note={t('lastMinute')}>
        {rate(now.deliveriesPerSecond)}
        <Unit>/s</Unit>
      </Tile>
      <Tile
        name={t('success')}
        note={t('lastMinute')}
        bad={now.successRate !== null && now.successRate < 0.95}
      >
        {now.successRate === null
          ? '–'
          : format.number(now.successRate, { style: 'percent', maximumFractionDigits: 1 })}
      </Tile>
      <Tile
        name={t('time')}
        note={
          p50 !== null &&
          t('percentiles', {
            p95: duration(now.deliveryMs?.p95 ?? 0),
            p99: duration(now.deliveryMs?.p99 ?? 0),
          })
        }
      >
        {p50 === null ? '–' : duration(p50)}
      </Tile>
      <Tile
        name={t('waiting')}
        note={
          queue.oldestWaitingAt === null
            ? t('noneWaiting')
            : t.rich('oldest', { age: () => <Ago at={queue.oldestWaitingAt} /> })
        }
      >
        {format.number(queue.waiting, {
          notation: queue.waiting > 99_999 ? 'compact' : 'standard',
        })}
      </Tile>
      <Tile
        name={t('endpoints')}
        note={t('openCircuits', { count: endpoints.openCircuits })}
        bad={endpoints.openCircuits > 0}
      >
        {format.number(endpoints.total)}
        {endpoints.failing > 0 && (
          <Unit>{t('failing', { count: format.number(endpoints.failing) })}</Unit>
        )}
      </Tile>
      {sources.total > 0 && (
        <Tile name={t('sources')} bad={sources.silent > 0}>
          {format.number(sources.connected)}
          <Unit>/ {format.number(sources.total)}</Unit>
        </Tile>
      )}
      {nodes !== null && (
        <Tile name={t('nodes')} note={nodes[0]?.version}>
          {format.number(nodes.length)}
        </Tile>
      )}
    </dl>
  )
}

function Unit({ children }: { children: ReactNode }) {
  return <small className={styles.unit}>{children}</small>
}

function Tile({
  name,
  note,
  bad = false,
  children,
}: {
  name: string
  note?: ReactNode
  bad?: boolean
  children: ReactNode
}) {
  return (
    <div className={styles.tile}>
      <dt>{name}</dt>
      <dd>{children}</dd>
      <dd className={names(styles.note, bad && styles.bad)}>{note}</dd>
    </div>
  )
}

import { Link } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { Activity, ArrowUp } from 'lucide-react'
import { useLayoutEffect, useRef } from 'react'
import { useTranslations } from 'use-intl'
import type { StreamEvent } from '../../api/shapes.ts'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Empty } from '../../parts/states.tsx'
import { Clock, useDuration } from '../../parts/time.tsx'
import styles from './live-rows.module.css'

const ROW_PX = 32

const tones: Record<StreamEvent['state'], Tone> = {
  accepted: 'info',
  delivered: 'good',
  failed: 'warn',
  exhausted: 'bad',
  discarded: 'neutral',
}

/** The newest on top. Who scrolled back keeps their place while more comes in above. */
export function LiveRows({ rows }: { rows: readonly StreamEvent[] }) {
  const t = useTranslations('live')
  const scroller = useRef<HTMLDivElement>(null)
  const newest = useRef<string>(undefined)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    getItemKey: (index) => rows[rows.length - 1 - index]?.id ?? index,
  })
  useLayoutEffect(() => {
    const element = scroller.current
    const before = newest.current
    newest.current = rows.at(-1)?.id
    if (element === null || before === undefined || element.scrollTop < ROW_PX) return
    const added = rows.length - 1 - rows.findLastIndex(({ id }) => id === before)
    if (added > 0 && added < rows.length) element.scrollTop += added * ROW_PX
  }, [rows])
  if (rows.length === 0)
    return (
      <Empty icon={<Activity size={22} aria-hidden />} title={t('empty')}>
        {t('emptyHow')}
      </Empty>
    )
  return (
    <div
      ref={scroller}
      className={styles.scroller}
      tabIndex={0}
      role="region"
      aria-label={t('list')}
    >
      <ul className={styles.rows} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const event = rows[rows.length - 1 - item.index]
          if (event === undefined) return null
          return (
            <li
              key={item.key}
              className={styles.row}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <EventRow event={event} />
            </li>
          )
        })}
      </ul>
      {(virtual.scrollOffset ?? 0) > ROW_PX * 4 && (
        <div className={styles.up}>
          <Button
            icon={<ArrowUp size={14} aria-hidden />}
            onClick={() => scroller.current?.scrollTo({ top: 0 })}
          >
            {t('toNewest')}
          </Button>
        </div>
      )}
    </div>
  )
}

function EventRow({ event }: { event: StreamEvent }) {
  const t = useTranslations('live')
  const duration = useDuration()
  const { kind, state, appId, messageId, eventType, source } = event
  const rest =
    kind === 'message'
      ? [source, event.unmatched ?? t('toCount', { count: event.deliveries ?? 0 })]
      : [
          t('attempt', { number: String(event.attempt ?? 1) }),
          event.statusCode,
          event.durationMs === null ? null : duration(event.durationMs),
          event.error,
        ]
  return (
    <Link
      className={styles.link}
      to="/messages/$appId/$messageId"
      params={{ appId, messageId }}
      preload={false}
    >
      <span className={styles.time}>
        <Clock at={event.at} />
      </span>
      <span className={styles.state}>
        <Badge tone={tones[state]}>{t(state)}</Badge>
      </span>
      <span className={styles.type}>{eventType}</span>
      <span className={styles.rest}>
        {rest.filter((one) => one !== null && one !== undefined).join(' · ')}
      </span>
      <span className={styles.id}>{event.endpointId ?? event.eventId ?? messageId}</span>
    </Link>
  )
}

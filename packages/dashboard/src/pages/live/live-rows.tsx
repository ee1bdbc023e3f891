import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { Activity, ArrowUp } from 'lucide-react'
import { useLayoutEffect, useRef, useSyncExternalStore } from 'react'
import { useTranslations } from 'use-intl'
import { useAppName } from '../../api/apps.ts'
import type { StreamEvent } from '../../api/shapes.ts'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Empty } from '../../parts/states.tsx'
import { Clock, useDuration } from '../../parts/time.tsx'
import { useSession } from '../../session/session.ts'
import { useScope } from '../../shell/scope.ts'
import { WentWrong } from '../failed/went-wrong.tsx'
import styles from './live-rows.module.css'
import { offeredEndpointsQuery } from './queries.ts'

const ROW_PX = 32
/** Where it is narrow, in two lines. */
const NARROW_ROW_PX = 52
const narrow = globalThis.matchMedia?.('(max-width: 40rem)')

const tones: Record<StreamEvent['state'], Tone> = {
  accepted: 'info',
  delivered: 'good',
  failed: 'warn',
  exhausted: 'bad',
  discarded: 'neutral',
}

/** The newest on top. Who scrolled back keeps their place while more comes in above. */
export function LiveRows({
  rows,
  withApp,
}: {
  rows: readonly StreamEvent[]
  /** They are of several apps. */
  withApp: boolean
}) {
  const t = useTranslations('live')
  const scroller = useRef<HTMLDivElement>(null)
  const rowPx = useSyncExternalStore(watchWidth, () => (narrow.matches ? NARROW_ROW_PX : ROW_PX))
  const names = useNames(withApp)
  const newest = useRef<string>(undefined)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 12,
    getItemKey: (index) => rows[rows.length - 1 - index]?.id ?? index,
  })
  useLayoutEffect(() => {
    const element = scroller.current
    const before = newest.current
    newest.current = rows.at(-1)?.id
    if (element === null || before === undefined || element.scrollTop < rowPx) return
    const added = rows.length - 1 - rows.findLastIndex(({ id }) => id === before)
    if (added > 0 && added < rows.length) element.scrollTop += added * rowPx
  }, [rows, rowPx])
  useLayoutEffect(() => virtual.measure(), [virtual, rowPx])
  if (rows.length === 0)
    return (
      <Empty icon={Activity} title={t('empty')}>
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
              <EventRow event={event} names={names} />
            </li>
          )
        })}
      </ul>
      {(virtual.scrollOffset ?? 0) > rowPx * 4 && (
        <div className={styles.up}>
          <Button icon={ArrowUp} onClick={() => scroller.current?.scrollTo({ top: 0 })}>
            {t('toNewest')}
          </Button>
        </div>
      )}
    </div>
  )
}

function watchWidth(changed: () => void): () => void {
  narrow.addEventListener('change', changed)
  return () => narrow.removeEventListener('change', changed)
}

interface Names {
  app: (id: string) => string | null
  endpoint: (id: string) => string
}

/** What apps and endpoints are called, as far as they are known. */
function useNames(withApp: boolean): Names {
  const { kind } = useSession()
  const appName = useAppName()
  const endpoints = useQuery(offeredEndpointsQuery(useScope())).data
  const urls = new Map(endpoints?.map(({ id, url }) => [id, url]))
  return {
    app: (id) => (withApp && kind === 'account' ? appName(id) : null),
    endpoint: (id) => urls.get(id) ?? id,
  }
}

function EventRow({ event, names }: { event: StreamEvent; names: Names }) {
  const t = useTranslations('live')
  const messages = useTranslations('messages')
  const duration = useDuration()
  const { kind, state, appId, messageId, eventType, source } = event
  const rest =
    kind === 'message'
      ? [
          names.app(appId),
          source,
          event.unmatched === null
            ? t('toCount', { count: event.deliveries ?? 0 })
            : messages('stateUnmatched'),
        ]
      : [
          names.app(appId),
          t('attempt', { number: String(event.attempt ?? 1) }),
          event.statusCode,
          event.durationMs === null ? null : duration(event.durationMs),
        ]
  const said = rest.filter((one) => one !== null && one !== undefined).join(' · ')
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
        {said}
        {event.error !== null && (
          <>
            {' · '}
            <WentWrong cause={event.cause} error={event.error} errorCoded={event.errorCoded} />
          </>
        )}
      </span>
      <span className={styles.id}>
        {event.endpointId === null
          ? (event.eventId ?? messageId)
          : names.endpoint(event.endpointId)}
      </span>
    </Link>
  )
}

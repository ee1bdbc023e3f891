import { useFormatter, useNow, useTranslations } from 'use-intl'

const exact = {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
} as const

/** How long ago; the instant to the second when pointed at. */
export function Ago({ at }: { at: string | number | Date | null | undefined }) {
  const format = useFormatter()
  const now = useNow({ updateInterval: 15_000 })
  const t = useTranslations('common')
  if (at === null || at === undefined) return t('never')
  const date = new Date(at)
  return (
    <time dateTime={date.toISOString()} title={format.dateTime(date, exact)}>
      {format.relativeTime(
        date,
        now < date && date.getTime() - now.getTime() < 15_000 ? date : now,
      )}
    </time>
  )
}

export function Instant({ at }: { at: string | number | Date }) {
  const format = useFormatter()
  const date = new Date(at)
  return <time dateTime={date.toISOString()}>{format.dateTime(date, exact)}</time>
}

/** The time of the day, for rows that follow each other closely. */
export function Clock({ at }: { at: string | number | Date }) {
  const format = useFormatter()
  const date = new Date(at)
  const shown = format.dateTime(date, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
  })
  return (
    <time dateTime={date.toISOString()} title={format.dateTime(date, exact)}>
      {shown}
    </time>
  )
}

/** Milliseconds as a person says them: 42 ms, 1.4 s, 3 min. */
export function useDuration(): (milliseconds: number) => string {
  const format = useFormatter()
  return (milliseconds) => {
    const unit = (value: number, name: string, digits: number): string =>
      format.number(value, {
        style: 'unit',
        unit: name,
        unitDisplay: 'narrow',
        maximumFractionDigits: digits,
      })
    if (milliseconds < 1_000) return unit(Math.round(milliseconds), 'millisecond', 0)
    if (milliseconds < 60_000) return unit(milliseconds / 1_000, 'second', 1)
    if (milliseconds < 3_600_000) return unit(milliseconds / 60_000, 'minute', 1)
    if (milliseconds < 86_400_000) return unit(milliseconds / 3_600_000, 'hour', 1)
    return unit(milliseconds / 86_400_000, 'day', 1)
  }
}

export function Duration({ ms }: { ms: number }) {
  return useDuration()(ms)
}

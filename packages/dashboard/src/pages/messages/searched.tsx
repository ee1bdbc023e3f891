import { useFormatter, useTranslations } from 'use-intl'
import type { MessageSearch } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Foot } from '../../parts/foot.tsx'

/** How far the search looked, and to look further: each request stops at a bound. */
export function Searched({
  pages,
  filtered,
  more,
  busy,
}: {
  pages: readonly MessageSearch[]
  filtered: boolean
  /** Absent: there is nothing further. */
  more: (() => void) | undefined
  busy: boolean
}) {
  const t = useTranslations('messages')
  const common = useTranslations('common')
  const format = useFormatter()
  const last = pages.at(-1)?.searched
  if (last === undefined || more === undefined) return null
  const count = pages.reduce((sum, { searched }) => sum + searched.messages, 0)
  const time = format.dateTime(new Date(last.from), { dateStyle: 'medium', timeStyle: 'short' })
  return (
    <Foot>
      {filtered && !last.complete && <span>{t('searchedTo', { time, count })}</span>}
      <Button busy={busy} onClick={more}>
        {filtered ? t('searchFurther') : common('more')}
      </Button>
    </Foot>
  )
}

import {
  CircleAlert,
  CircleCheck,
  Info,
  Lock,
  type LucideIcon,
  TriangleAlert,
  Unplug,
} from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { asProblem, type Problem } from '../api/problem.ts'
import { useProblemDetail, useProblemWords } from '../words/problem-words.ts'
import { Button } from './button.tsx'
import { names } from './class-names.ts'
import styles from './states.module.css'

/** Where rows will be. */
export function Bones({ rows = 8 }: { rows?: number }) {
  const t = useTranslations('common')
  return (
    <div className={styles.bones} role="status" aria-label={t('loading')}>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index}>
          <span className={names(styles.bone, styles.w1)} />
          <span className={names(styles.bone, styles.w2)} />
          <span className={names(styles.bone, styles.w3)} />
          <span className={names(styles.bone, styles.w4)} />
        </div>
      ))}
    </div>
  )
}

/** Nothing is here; it says what to do next. */
export function Empty({
  icon: Icon,
  iconSize = 22,
  title,
  children,
  action,
}: {
  icon?: LucideIcon
  iconSize?: number
  title: string
  children?: ReactNode
  action?: ReactNode
}) {
  return (
    <div className={styles.box}>
      {Icon && <Icon size={iconSize} aria-hidden />}
      <h3>{title}</h3>
      {children !== undefined && <p>{children}</p>}
      {action !== undefined && action !== false && <div className={styles.buttons}>{action}</div>}
    </div>
  )
}

/** What happened in words, what Pombo said of it, and to try again. */
export function Failure({ problem, retry }: { problem: Problem; retry?: () => void }) {
  const t = useTranslations('common')
  const words = useProblemWords()
  if (problem.code === 'permission_denied') return <NoPermission problem={problem} />
  const lost = problem.code === 'network'
  return (
    <div className={names(styles.box, styles.bad)} role="alert">
      {lost ? <Unplug size={22} aria-hidden /> : <CircleAlert size={22} aria-hidden />}
      <h3>{words(problem)}</h3>
      <Detail problem={problem} />
      {retry !== undefined && (
        <div className={styles.buttons}>
          <Button onClick={retry}>{t('tryAgain')}</Button>
        </div>
      )}
    </div>
  )
}

/** What stands where an answer will be: that it is awaited, or why there is none. */
export function Awaiting({
  of: { error, refetch },
  rows,
}: {
  of: { error: unknown; refetch: () => unknown }
  rows?: number
}) {
  if (error === null) return <Bones {...(rows && { rows })} />
  return <Failure problem={asProblem(error)} retry={() => void refetch()} />
}

/** What Pombo says of it beyond its kind, in the person's language where it can be. */
export function Detail({ problem }: { problem: Problem }) {
  const detail = useProblemDetail()(problem)
  if (detail === null) return null
  return (
    <p className={styles.detail} lang={detail.foreign ? 'en' : undefined}>
      {detail.text}
    </p>
  )
}

export function NoPermission({ problem }: { problem?: Problem }) {
  const t = useTranslations('common')
  return (
    <div className={styles.box}>
      <Lock size={22} aria-hidden />
      <h3>{t('noPermission')}</h3>
      <p>{t('noPermissionHow')}</p>
      {problem !== undefined && <Detail problem={problem} />}
    </div>
  )
}

const notices = {
  info: { icon: Info, look: styles.noticeInfo },
  good: { icon: CircleCheck, look: styles.noticeGood },
  warn: { icon: TriangleAlert, look: styles.noticeWarn },
  bad: { icon: CircleAlert, look: styles.noticeBad },
}

export function Notice({
  tone,
  action,
  children,
}: {
  tone: keyof typeof notices
  action?: ReactNode
  children: ReactNode
}) {
  const { icon: Icon, look } = notices[tone]
  return (
    <div className={names(styles.notice, look)} role={tone === 'bad' ? 'alert' : 'status'}>
      <Icon size={15} aria-hidden />
      <div>{children}</div>
      {action}
    </div>
  )
}

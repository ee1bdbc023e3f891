import type { ReactNode } from 'react'
import styles from './badge.module.css'
import { names } from './class-names.ts'

export type Tone = 'neutral' | 'good' | 'warn' | 'bad' | 'info'

/** A state in a word. The colour only repeats what the word says. */
export function Badge({
  tone = 'neutral',
  plain = false,
  children,
}: {
  tone?: Tone
  /** Without the dot: a label, and no state. */
  plain?: boolean
  children: ReactNode
}) {
  return (
    <span className={names(styles.badge, styles[tone], plain && styles.plain)}>{children}</span>
  )
}

import type { ReactNode } from 'react'
import styles from './foot.module.css'

/** Below a list: how much there is, and for more. */
export function Foot({ children }: { children: ReactNode }) {
  return <div className={styles.foot}>{children}</div>
}

/** Above a list: what it is narrowed to. */
export function FilterBar({ children }: { children: ReactNode }) {
  return <div className={styles.bar}>{children}</div>
}

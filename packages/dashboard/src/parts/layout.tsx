import { createLink } from '@tanstack/react-router'
import { ArrowLeft } from 'lucide-react'
import type { ComponentProps, ReactNode } from 'react'
import { useEffect } from 'react'
import { names } from './class-names.ts'
import styles from './layout.module.css'

/** A page's heading, what it is for, what can be done, and what it shows. */
export function Page({
  title,
  shown,
  lead,
  back,
  actions,
  children,
}: {
  title: string
  /** What stands in the heading, where it is more than the title. */
  shown?: ReactNode
  lead?: ReactNode
  back?: ReactNode
  actions?: ReactNode
  children: ReactNode
}) {
  useEffect(() => {
    document.title = `${title} · Pombo`
  }, [title])
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        {back}
        <h1>{shown ?? title}</h1>
        {actions !== undefined && <div className={styles.actions}>{actions}</div>}
        {lead !== undefined && <p className={styles.lead}>{lead}</p>}
      </header>
      {children}
    </div>
  )
}

/** Leads from a page to the one above it. */
export const Back = createLink(({ className, children, ...rest }: ComponentProps<'a'>) => (
  <a {...rest} className={names(styles.back, className)}>
    <ArrowLeft size={13} aria-hidden /> {children}
  </a>
))

export function Panel({
  title,
  actions,
  flush = false,
  children,
}: {
  title?: ReactNode
  actions?: ReactNode
  /** Its content goes to its edges: a table, a list. */
  flush?: boolean
  children: ReactNode
}) {
  return (
    <section className={styles.panel}>
      {title !== undefined && (
        <header className={styles.panelHead}>
          <h2>{title}</h2>
          {actions !== undefined && <div className={styles.actions}>{actions}</div>}
        </header>
      )}
      <div className={names(styles.panelBody, flush && styles.flush)}>{children}</div>
    </section>
  )
}

export function Row({ children }: { children: ReactNode }) {
  return <div className={styles.row}>{children}</div>
}

export function Stack({ tight = false, children }: { tight?: boolean; children: ReactNode }) {
  return <div className={names(styles.stack, tight && styles.tight)}>{children}</div>
}

export function Grid({ children }: { children: ReactNode }) {
  return <div className={styles.grid}>{children}</div>
}

export function Columns({ children }: { children: ReactNode }) {
  return <div className={styles.columns}>{children}</div>
}

export function Facts({ rows }: { rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={styles.facts}>
      {rows.map(([name, value]) => (
        <FactRow key={name} name={name} value={value} />
      ))}
    </dl>
  )
}

function FactRow({ name, value }: { name: string; value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  )
}

export function Muted({ children }: { children: ReactNode }) {
  return <span className={styles.muted}>{children}</span>
}

/** What Pombo, a broker or a database said in English, whatever the page's language. */
export function Foreign({ children }: { children: ReactNode }) {
  return <span lang="en">{children}</span>
}

export function Mono({ children }: { children: ReactNode }) {
  return <span className={styles.mono}>{children}</span>
}

/** What the page is about, and beside it what is known of it. */
export function Split({ main, side }: { main: ReactNode; side: ReactNode }) {
  return (
    <div className={styles.split}>
      <div>{main}</div>
      <div>{side}</div>
    </div>
  )
}

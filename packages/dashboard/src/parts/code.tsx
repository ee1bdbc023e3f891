import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { IconButton } from './button.tsx'
import { useSay } from './toast.tsx'
import styles from './code.module.css'

const SHOWN = 200_000

/** Text that came from elsewhere, as text: it is never made markup. */
export function Code({
  text,
  label,
  copy = text,
}: {
  text: string
  label: string
  /** What is copied, where it is shown laid out. */
  copy?: string
}) {
  const t = useTranslations('common')
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}\n… ${t('cut')}` : text
  return (
    <div className={styles.box}>
      <pre className={styles.pre} tabIndex={0} role="region" aria-label={label}>
        {shown}
      </pre>
      <div className={styles.copy}>
        <CopyButton text={copy} />
      </div>
    </div>
  )
}

export function CopyButton({ text }: { text: string }) {
  const t = useTranslations('common')
  const say = useSay()
  const [copied, setCopied] = useState(false)
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(() => {
      setCopied(true)
      setTimeout(() => setCopied(false), 1_500)
    }, say.failed)
  }
  return (
    <IconButton
      small
      label={copied ? t('copied') : t('copy')}
      icon={copied ? Check : Copy}
      iconSize={13}
      onClick={copy}
    />
  )
}

/** An id, to be read and to be copied. */
export function Id({ id }: { id: string }) {
  return (
    <span className={styles.id}>
      <span>{id}</span>
      <CopyButton text={id} />
    </span>
  )
}

import { ChevronRight } from 'lucide-react'
import { useId, useState } from 'react'
import { useTranslations } from 'use-intl'
import { layOut } from '../../api/exact-json.ts'
import type { Attempt, Message } from '../../api/shapes.ts'
import { names } from '../../parts/class-names.ts'
import { Code } from '../../parts/code.tsx'
import { Muted } from '../../parts/layout.tsx'
import { Notice } from '../../parts/states.tsx'
import { Clock, useDuration } from '../../parts/time.tsx'
import { WentWrong } from '../failed/went-wrong.tsx'
import styles from './deliveries.module.css'
import { SentRequest } from './sent-request.tsx'
import { useOutcomeWords } from './states.tsx'

interface Of {
  appId: string
  attempt: Attempt
  message: Message
}

/** An attempt: how it ended and when; opened, what was sent and what came back. */
export function AttemptLine({ appId, attempt, message }: Of) {
  const t = useTranslations('messages.detail')
  const words = useOutcomeWords()
  const duration = useDuration()
  const [open, setOpen] = useState(false)
  const id = useId()
  return (
    <li className={names(styles.attempt, attempt.outcome === 'delivered' && styles.good)}>
      <span className={styles.dot} />
      <button
        type="button"
        className={styles.toggle}
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        <ChevronRight size={14} aria-hidden />
        <Muted>{t('attempt', { number: String(attempt.attempt) })}</Muted>
        <span className={styles.what}>{words(attempt)}</span>
        {attempt.responseDurationMs > 0 && (
          <Muted>{t('took', { duration: duration(attempt.responseDurationMs) })}</Muted>
        )}
        {attempt.triggerType === 1 && <Muted>{t('byHand')}</Muted>}
        <span className={styles.when}>
          <Clock at={attempt.timestamp} />
        </span>
      </button>
      {open && (
        <div id={id} className={styles.detail}>
          <Sent appId={appId} attempt={attempt} message={message} />
          <Came attempt={attempt} />
        </div>
      )}
    </li>
  )
}

function Sent({ appId, attempt, message }: Of) {
  const t = useTranslations('messages.detail')
  return (
    <section>
      <h3>{t('request')}</h3>
      <SentRequest {...{ appId, attempt, message }} />
    </section>
  )
}

function Came({ attempt }: { attempt: Attempt }) {
  const t = useTranslations('messages.detail')
  const { cause, error, errorCoded, response, responseStatusCode } = attempt
  return (
    <section>
      <h3>
        {t('answer')}
        {responseStatusCode > 0 && ` ${responseStatusCode}`}
      </h3>
      {cause !== null && (
        <Notice tone="warn">
          <WentWrong {...{ cause, error, errorCoded }} />
        </Notice>
      )}
      {responseStatusCode > 0 &&
        (response === '' ? (
          <p className={styles.note}>{t('emptyAnswer')}</p>
        ) : (
          <Code label={t('answer')} text={layOut(response)} />
        ))}
    </section>
  )
}

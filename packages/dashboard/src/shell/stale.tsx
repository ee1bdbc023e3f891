import { notifyManager, type QueryState, useQueryClient } from '@tanstack/react-query'
import { useCallback, useSyncExternalStore } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import { readConnection, watchConnection } from '../api/connection.ts'
import { asProblem } from '../api/problem.ts'
import { useProblemWords } from '../words/problem-words.ts'
import styles from './shell.module.css'

/** Above a page whose figures are of a while ago: Pombo does not answer, or answers with a mistake. */
export function Stale() {
  const t = useTranslations('shell')
  const format = useFormatter()
  const words = useProblemWords()
  const { lostAt } = useSyncExternalStore(watchConnection, readConnection)
  const kept = useOldest()
  const at = (time: number) =>
    format.dateTime(time, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
  if (lostAt === undefined && kept === undefined) return null
  return (
    <div className={styles.lost} role="status">
      {lostAt !== undefined
        ? t('lost', { time: at(lostAt) })
        : t('stale', { time: at(kept!.dataUpdatedAt), problem: words(asProblem(kept!.error)) })}
    </div>
  )
}

/** Of all that is on the page and could not be asked for again, what is there the longest. */
function useOldest(): QueryState | undefined {
  const cache = useQueryClient().getQueryCache()
  return useSyncExternalStore(
    useCallback((told) => cache.subscribe(notifyManager.batchCalls(told)), [cache]),
    () =>
      cache
        .findAll({ type: 'active' })
        .map(({ state }) => state)
        .filter(({ data, error }) => data !== undefined && error !== null)
        .toSorted((a, b) => a.dataUpdatedAt - b.dataUpdatedAt)[0],
  )
}

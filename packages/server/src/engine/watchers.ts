import type { IngestObserver, StoredMessage } from '../ingest/observer.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Unwritten } from '../record/recorded.ts'

/** Hears of every message that is stored and every attempt that is recorded. It must be quick, and must not throw. */
export interface Watcher {
  stored(stored: StoredMessage): void
  recorded(entry: Unwritten): void
}

/** What the metrics and the watchers hear of ingest. */
export function ingestObserver(metrics: Metrics, watchers: readonly Watcher[]): IngestObserver {
  return {
    commit: (messages, seconds) => metrics.recordCommit(messages, seconds * 1000),
    accepted: (result) => metrics.recordAccepted(result),
    stored(stored) {
      for (const watcher of watchers) watcher.stored(stored)
    },
  }
}

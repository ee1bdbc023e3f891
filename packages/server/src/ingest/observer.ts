import type { NewMessage } from './columns.ts'

/** A message that is stored, and what became of it. */
export type StoredMessage = Pick<NewMessage, 'message' | 'unmatched' | 'payloadBytes'> & {
  deliveries: readonly unknown[]
  discarded: readonly unknown[]
  /** The gateway that it came from. */
  source: string | null
  routes: { app: { kind: 'app' | 'operational' } }
}

/** What hears of all that comes in; it must be quick. */
export interface IngestObserver {
  commit: (messages: number, seconds: number) => void
  accepted: (result: 'accepted' | 'duplicate' | 'unmatched' | 'refused') => void
  stored: (stored: StoredMessage) => void
}

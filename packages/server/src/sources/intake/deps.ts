import type { Clock } from '../../core/clock.ts'
import type { PomboError } from '../../core/error.ts'
import type { Accepted, IncomingMessage } from '../../core/message.ts'
import type { Pool } from '../../db/pool.ts'
import type { Seal } from '../../db/seal.ts'
import type { KeyHolder } from './sender.ts'

export interface IntakeDeps {
  pool: Pool
  clock: Clock
  seal: Seal
  /** One answer for each message, in their order. */
  accept: (messages: IncomingMessage[]) => Promise<(Accepted | PomboError)[]>
  holderOf: (apiKey: string) => Promise<KeyHolder | undefined>
  /** A tenant's app by uid or shown id. */
  appIdOf: (tenantId: string, idOrUid: string) => Promise<string | undefined>
  /** The session's app, made where it is missing. */
  makeApp: (tenantId: string, uid: string) => Promise<string>
  /** This node made a change that concerns what others have cached of the app. */
  changed: (appId: string) => void
  /** Tells of changes of apps, on whatever node; undefined: of all. */
  onAppChange: (listener: (appId: string | undefined) => void) => void
  /** Tells when a person's names were erased from an app, on whatever node; undefined: from any. */
  onNamesErased: (listener: (appId: string | undefined) => void) => void
  serverUrl: () => string
  retentionDays: number
  /** Longest that an event waits for names; left out: what Profiles says. */
  namesWaitMs?: number | undefined
  log: (message: string, error: unknown) => void
}

import type { PomboError } from '../../core/error.ts'
import type { ExpressionInput } from '../../core/expression.ts'
import type { Accepted, IncomingMessage, Message } from '../../core/message.ts'
import type { Payloads } from '../../db/payload.ts'
import type { Pool, Queryable } from '../../db/pool.ts'
import type { NodeLease, Waker } from '../../queue/queue.ts'
import type { DiscardThese } from './bulk.ts'

/** route/'s payload filter, which is handed in: upkeep knows nothing of routing. */
export type CompileFilter = (
  expression: string,
) =>
  | { ok: true; filter: (input: ExpressionInput) => { matched: boolean } }
  | { ok: false; problem: string }

export interface JobDeps {
  pool: Pool
  lease: NodeLease
  waker: Waker
  compileFilter: CompileFilter
  /** Whether the message would go to the endpoint if it came now: route/'s, handed in like the filter. */
  wants: (endpointId: string, message: Message) => Promise<boolean>
  /** Gives up what waits for an endpoint of before a message; a part of it. @returns how many */
  discard: (
    endpointId: string,
    reason: string,
    beforeMessageId: string,
    db: Queryable,
  ) => Promise<number>
  accept: (messages: IncomingMessage[]) => Promise<(Accepted | PomboError)[]>
  /** record/'s, handed in. */
  discardThese: DiscardThese
  /** Of messages as they are stored. */
  payloads: Pick<Payloads, 'open'>
  now: () => number
  log: (message: string, detail?: unknown) => void
}

/** What a page came to. */
export interface Paged {
  /** Where the next one goes on; undefined: it is over. */
  at: string | undefined
  done: number
  /** Passed over. */
  skipped?: number
  /** Before the next one. */
  pauseMs?: number
  /** What the task has found out so far, in place of what it had. */
  result?: unknown
}

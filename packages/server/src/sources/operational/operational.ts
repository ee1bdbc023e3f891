import type { IncomingMessage } from '../../core/message.ts'
import type { Signal } from '../../core/operational-types.ts'
import type { Pool } from '../../db/pool.ts'
import { Rounds } from '../rounds.ts'
import { forget, operationalApps, pending } from './store.ts'

export interface OperationalDeps {
  pool: Pool
  accept: (message: IncomingMessage) => Promise<unknown>
  log: (message: string, error: unknown) => void
  /** Hears of each at least once; where it throws, it is told again. */
  hear?: (signals: readonly Signal[]) => Promise<void>
  pollMs?: number
}

/**
 * Pombo's own events about a tenant's webhooks: noted in the transaction that caused them, and turned here into
 * messages of the tenant's hidden operational app. The note's id is the message's key, so a note that two nodes read,
 * or that is read again after a crash, becomes one message. Tenants without operational endpoints have no such app;
 * their notes are dropped.
 */
export class OperationalEvents {
  readonly #deps: OperationalDeps
  readonly #rounds: Rounds

  constructor(deps: OperationalDeps) {
    this.#deps = deps
    this.#rounds = new Rounds(
      async () => await this.#pass(),
      deps.pollMs ?? 500,
      (error) => deps.log('operational events could not be read; trying again', error),
    )
  }

  readonly start = (): void => this.#rounds.start()
  readonly stop = async (): Promise<void> => await this.#rounds.stop()

  async #pass(): Promise<void> {
    const { pool, accept, hear } = this.#deps
    for (;;) {
      const notes = await pending(pool, 200)
      if (notes.length === 0) return
      await hear?.(
        notes.map(({ id, tenant_id, type, data, created_at }) => ({
          id,
          tenantId: tenant_id,
          type,
          data,
          atMs: created_at.getTime(),
        })),
      )
      const apps = await operationalApps(pool, [...new Set(notes.map((note) => note.tenant_id))])
      const told = await Promise.allSettled(
        notes.map(async (note) => {
          const appId = apps.get(note.tenant_id)
          if (!appId) return
          await accept({
            tenantId: note.tenant_id,
            appId,
            eventType: note.type,
            payload: JSON.stringify({
              type: note.type,
              timestamp: note.created_at.toISOString(),
              data: note.data,
            }),
            dedupe: [{ kind: 'source', key: `signal ${note.id}`, windowSeconds: 86_400 }],
          })
        }),
      )
      // One that is refused comes again, and holds up none of the others.
      await forget(
        pool,
        notes.filter((_, i) => told[i]!.status === 'fulfilled').map((note) => note.id),
      )
      const refused = told.find((one) => one.status === 'rejected')
      if (refused) throw refused.reason
    }
  }
}

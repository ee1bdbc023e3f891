/**
 * Events out of the websockets of WhatsApp gateways (`/ws` of go-whatsapp-web-multidevice), of which alone tell that
 * a device was paired, is connected, was logged out. Devices are rows; this node follows its share of them.
 *
 * Promises: one node at a time follows a device, and another takes over when it dies; a report that says what was
 * said before is no event, also after a restart; an event that was decided on becomes one message, whoever is killed
 * in between; a gateway that is away is called again, with pauses that grow, and holds up nobody.
 */
import type { Pool } from '../../db/pool.ts'
import { sealContext } from '../../db/reseal.ts'
import type { Seal } from '../../db/seal.ts'
import { Rounds } from '../rounds.ts'
import { Follower, type FollowerDeps } from './follower.ts'
import { claimDevices, devicesOf, leaveDevices } from './store.ts'

export interface GatewayWebsocketsDeps
  extends Omit<FollowerDeps, 'pollMs' | 'pauseMs' | 'maxPauseMs' | 'random'> {
  pool: Pool
  seal: Seal
  lease: { id: string; ids: string[]; liveNodes: number; valid(): boolean }
  /** The name of an app, for its events. */
  sessionOf: (tenantId: string, appId: string) => Promise<string | undefined>
  pollMs?: number
  pauseMs?: number
  /** How often this node looks for devices to follow. */
  lookMs?: number
}

export class GatewayWebsockets {
  readonly #deps: GatewayWebsocketsDeps
  readonly #followers = new Map<string, Follower>()
  readonly #rounds: Rounds

  constructor(deps: GatewayWebsocketsDeps) {
    this.#deps = deps
    this.#rounds = new Rounds(
      async () => await this.#look(),
      deps.lookMs ?? 2_000,
      (error) => deps.log('looking for devices to follow failed', error),
    )
  }

  /** Devices were added, or changed, on this node: there is no need to wait for the next look. */
  readonly look = (): void => this.#rounds.now()
  readonly start = (): void => this.#rounds.start()

  async stop(): Promise<void> {
    await this.#rounds.stop()
    await this.#leave([...this.#followers.keys()])
    await leaveDevices(this.#deps.pool, this.#deps.lease.ids).catch(() => {
      // They are free when the node's lease has run out.
    })
  }

  async #look(): Promise<void> {
    const { pool, lease, seal, sessionOf } = this.#deps
    if (!lease.valid()) return await this.#leave([...this.#followers.keys()])
    await claimDevices(pool, lease.id, lease.liveNodes)
    const rows = new Map((await devicesOf(pool, lease.id)).map((row) => [row.id, row]))
    const gone = [...this.#followers].filter(([id, { device }]) => {
      const row = rows.get(id)
      return (
        row === undefined ||
        device.node !== lease.id ||
        seal.open(row.gatewaySealed, sealContext('device_gateway', id)) !== device.url
      )
    })
    await this.#leave(gone.map(([id]) => id))
    for (const { id, tenantId, gatewaySealed } of rows.values()) {
      if (this.#followers.has(id) || this.#rounds.over) continue
      const session = await sessionOf(tenantId, id)
      if (session === undefined) continue
      const url = seal.open(gatewaySealed, sealContext('device_gateway', id))
      const device = { id, tenantId, session, url, node: lease.id }
      const follower = new Follower(device, {
        pauseMs: 1_000,
        maxPauseMs: 60_000,
        pollMs: 15_000,
        ...this.#deps,
        random: Math.random,
      })
      this.#followers.set(id, follower)
      follower.start()
    }
  }

  async #leave(ids: readonly string[]): Promise<void> {
    await Promise.all(
      ids.map(async (id) => {
        const follower = this.#followers.get(id)
        this.#followers.delete(id)
        await follower?.stop()
      }),
    )
  }
}

/** Devices, as those see them who register them and ask about them. */
import type { DeviceEvent } from '../../whatsapp/device/device-event.ts'
import { inAuditedTransaction } from '../../db/audit.ts'
import type { Pool } from '../../db/pool.ts'
import { sealContext } from '../../db/reseal.ts'
import type { Seal } from '../../db/seal.ts'
import { noteReport, readDevices, saveDevice } from './store.ts'
import { withoutPassword } from '../../core/masked-url.ts'

export interface Device {
  /** The app's. */
  id: string
  /** The websocket that is followed, without its password. */
  gatewayUrl: string | null
  status: string | null
  last: { type: string; code: string; message: string | null; atMs: number } | null
  /** Null where no websocket is followed. */
  socket: { sinceMs: number | null; problem: string | null } | null
}

export type Devices = ReturnType<typeof createDevices>

export function createDevices({
  pool,
  seal,
  changed,
}: {
  pool: Pool
  seal: Seal
  /** What is to be followed is another. */
  changed: () => void
}) {
  return {
    /** Makes the device of an app, or sets its gateway; undefined leaves that as it is. */
    async save(
      device: { id: string; tenantId: string },
      gatewayUrl: string | null | undefined,
    ): Promise<void> {
      if (gatewayUrl === undefined && (await readDevices(pool, [device.id])).length > 0) return
      const context = sealContext('device_gateway', device.id)
      const gatewaySealed = gatewayUrl ? seal.seal(gatewayUrl, context) : null
      await inAuditedTransaction(
        pool,
        async (db) => await saveDevice(db, { ...device, gatewaySealed }),
      )
      changed()
    },

    /** What a report by HTTP said. */
    told: async (device: { id: string; tenantId: string }, event: DeviceEvent): Promise<void> =>
      await noteReport(pool, device, event),

    /** By app id; those that nothing is known of are not in it. */
    async find(ids: readonly string[]): Promise<Map<string, Device>> {
      const rows = await readDevices(pool, ids)
      return new Map(
        rows.map((row): [string, Device] => {
          const url =
            row.gateway_sealed &&
            seal.open(row.gateway_sealed, sealContext('device_gateway', row.id))
          return [
            row.id,
            {
              id: row.id,
              gatewayUrl: url && withoutPassword(url),
              status: row.status,
              last: row.last_at && {
                type: row.last_type!,
                code: row.last_code!,
                message: row.last_message,
                atMs: row.last_at.getTime(),
              },
              socket: url
                ? { sinceMs: row.followed_since?.getTime() ?? null, problem: row.problem }
                : null,
            },
          ]
        }),
      )
    },
  }
}

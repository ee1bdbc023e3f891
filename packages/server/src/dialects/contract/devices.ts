/**
 * One of the dialects' ports (ports.ts): devices, which are apps with a state and perhaps a gateway whose websocket is
 * followed.
 */
import type { DeviceEvent } from '../../whatsapp/device/device-event.ts'
import type { DialectApp } from './caller.ts'

/** What is known of a device. */
export interface DeviceState {
  /** The websocket that is followed, without its password; null: none. */
  gatewayUrl: string | null
  /** One of whatsapp/device/device-status.ts; null before anything was heard. */
  status: string | null
  /** What was heard last. */
  last: { type: string; code: string; message: string | null; atMs: number } | null
  /** Open since, or why it is not; null where no websocket is followed. */
  socket: { sinceMs: number | null; problem: string | null } | null
}

export interface DevicesPort {
  /** What is wrong with a websocket's URL, in a sentence; undefined: nothing. */
  gatewayProblem(url: string): string | undefined
  /** Makes the app a device, and follows that gateway (null: none; undefined: as it is). */
  save(app: DialectApp, gatewayUrl: string | null | undefined): Promise<void>
  /** A report of a container manager, to be accepted as a message besides. */
  told(app: DialectApp, event: DeviceEvent): Promise<void>
  /** By app id; those of which nothing is known are not in it. */
  states(apps: readonly DialectApp[]): Promise<ReadonlyMap<string, DeviceState>>
}

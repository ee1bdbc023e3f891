import type { Destination } from '../../../src/core/destination.ts'

/** A destination kind with a real other side, for the suite that all kinds pass. */
export interface Subject {
  type: Destination['type']
  /** Why it is not run here; undefined: it is. */
  missing: string | undefined
  /** `host:port` of the other side. */
  host: string
  /** A queue, stream, table … of one's own. */
  place(): Promise<Place>
  /** What the settings name when it is wrong, by the field that the refusal names; none: all names are right. */
  nowhere: { settings: (host: string) => Destination; field: string } | undefined
  /** Settings with a wrong password. */
  stranger: ((host: string) => Destination) | undefined
  stop(): Promise<void>
}

export interface Place {
  settings(host?: string): Destination
  /** All that has arrived, in its order. */
  got(): Promise<Got[]>
  /** Takes it away, and puts it back, empty; undefined: it is always there. */
  remove?: () => Promise<void>
  restore?: () => Promise<void>
}

export interface Got {
  body: string
  properties: Record<string, string>
}

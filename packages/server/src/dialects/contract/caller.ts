/** Whose key was presented. Everything that takes one is answered within its reach. */
export interface Caller {
  tenantId: string
  /** The only app that is reached; null: all of the tenant's. */
  appId: string | null
  /** The event types with a flag that are shown to it; null: all. */
  featureFlags: string[] | null
}

/** A session, an instance, a device, a user. */
export interface DialectApp {
  id: string
  tenantId: string
  uid: string | null
  name: string
  metadata: Record<string, string>
  createdAtMs: number
  updatedAtMs: number
}

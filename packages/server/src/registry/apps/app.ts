/** What a producer posts messages to: a customer, a session, an instance, a device. */
export interface App {
  id: string
  tenantId: string
  uid: string | null
  name: string
  /** `operational`: the hidden app that holds a tenant's own operational endpoints. */
  kind: 'app' | 'operational'
  metadata: Record<string, string>
  /** Requests a second to all of its endpoints together; null: no limit. */
  throttleRate: number | null
  createdAtMs: number
  updatedAtMs: number
}

/** Whose endpoints: both are UUIDs. */
export interface AppScope {
  tenantId: string
  appId: string
}

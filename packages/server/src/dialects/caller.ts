/** Whose key was presented. Everything that takes one is answered within its reach. */
export interface Caller {
  tenantId: string
  /** The only app that is reached; null: all of the tenant's. */
  appId: string | null
}

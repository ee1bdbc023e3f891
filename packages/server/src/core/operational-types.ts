/** The events that Pombo tells a tenant's operational endpoints of; each is noted where it happens. */
export const operationalTypes = [
  'endpoint.created',
  'endpoint.updated',
  'endpoint.deleted',
  'endpoint.enabled',
  'endpoint.disabled',
  'endpoint.circuit.opened',
  'endpoint.circuit.closed',
  'message.attempt.failing',
  'message.attempt.exhausted',
  'message.attempt.recovered',
  'background_task.finished',
  'source.silent',
  'source.recovered',
] as const

export type OperationalType = (typeof operationalTypes)[number]

/** Something that happened to a tenant's webhooks, as the operational events tell it. May come twice; `id` tells. */
export interface Signal {
  id: string
  tenantId: string
  /** `message.attempt.exhausted`, `endpoint.disabled`, `endpoint.circuit.opened`, … */
  type: string
  data: Record<string, unknown>
  atMs: number
}

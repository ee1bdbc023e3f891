/** Where an endpoint's messages go when it is not an address that takes a POST. */
import type { EndpointTls } from './endpoint-access.ts'

export const destinationTypes = ['rabbitmq', 'nats', 'mqtt', 'redis', 'postgres'] as const
export type DestinationType = (typeof destinationTypes)[number]

/**
 * The settings of an endpoint's destination, secrets in the clear: in memory, and sealed in the database. Which members
 * there are besides `type` the kind knows (destinations/).
 */
export interface Destination {
  type: DestinationType
  [setting: string]: unknown
}

/** What a destination needs of a message besides its headers and its body. */
export interface Envelope {
  destination: Destination
  /** What the connection is made with, instead of what is configured for all. */
  tls: EndpointTls | null
  tenantId: string
  appId: string
  endpointId: string
  deliveryId: string
  messageId: string
  /** Of this attempt, 1 for the first. */
  attempt: number
  /** As in `webhook-id`: the same for every attempt, for the receiver to tell a repeat by. */
  id: string
  eventType: string
  /** The app's uid, or its shown id where it has none. */
  app: string
  orderingKey: string | null
}

/** The destination kinds there are. A new one is listed here, and in `destinationTypes` of core/destination.ts. */
import type { Destination, DestinationType } from '../core/destination.ts'
import type { DestinationKind } from './contract/kind.ts'
import { mqtt } from './mqtt/mqtt.ts'
import { nats } from './nats/nats.ts'
import { postgres } from './postgres/postgres.ts'
import { rabbitmq } from './rabbitmq/rabbitmq.ts'
import { redis } from './redis/redis.ts'

type Kinds = { readonly [Type in DestinationType]: DestinationKind }

/** Each takes settings of its own type alone, which is what `kindOf` looks one up by. */
export const kinds = { rabbitmq, nats, mqtt, redis, postgres } as unknown as Kinds

export function kindOf({ type }: Destination): DestinationKind {
  return kinds[type]
}

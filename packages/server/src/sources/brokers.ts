/** The brokers that a source may be fed by. A new one is listed here, and in `brokerTypes` of broker/kind.ts. */
import type { BrokerKind, BrokerSettings, BrokerType } from './broker/kind.ts'
import { mqtt } from './mqtt/mqtt.ts'
import { nats } from './nats/nats.ts'
import { rabbitmq } from './rabbitmq/rabbitmq.ts'
import { redis } from './redis/broker.ts'

type Kinds = { readonly [Type in BrokerType]: BrokerKind }

/** Each takes settings of its own type alone, which is what `brokerOf` looks one up by. */
export const brokers = { rabbitmq, nats, mqtt, redis } as unknown as Kinds

export function brokerOf({ type }: Pick<BrokerSettings, 'type'>): BrokerKind {
  return brokers[type]
}

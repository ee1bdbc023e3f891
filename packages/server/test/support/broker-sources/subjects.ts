import { mqttSource } from './mqtt.ts'
import { natsSource } from './nats.ts'
import { rabbitmqSource } from './rabbitmq.ts'
import { redisSource } from './redis.ts'
import type { BrokerSubject } from './subject.ts'

/** Every kind of broker, and every way of reading it. */
export const brokerSubjects: Record<string, () => Promise<BrokerSubject>> = {
  'rabbitmq: a classic queue': () => rabbitmqSource('classic'),
  'rabbitmq: a quorum queue': () => rabbitmqSource('quorum'),
  'rabbitmq: a stream': () => rabbitmqSource('stream'),
  'rabbitmq: a super stream': () => rabbitmqSource('super stream'),
  'nats: a JetStream stream': () => natsSource(),
  'mqtt: a shared subscription': () => mqttSource(),
  'redis: a stream': () => redisSource('stream'),
  'redis: a list': () => redisSource('list'),
}

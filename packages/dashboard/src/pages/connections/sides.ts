import type { ConnectionKind } from './settings.ts'

/** Brokers and databases: how they are called and reached, whether Pombo reads from them or writes to them. */
export const sides = {
  rabbitmq: {
    title: 'RabbitMQ',
    schemes: ['amqp', 'amqps'],
    example: 'amqps://user:password@rabbit.example.com:5671/vhost',
  },
  nats: {
    title: 'NATS JetStream',
    schemes: ['nats', 'tls'],
    example: 'tls://user:password@nats.example.com:4222',
  },
  mqtt: {
    title: 'MQTT 5',
    schemes: ['mqtt', 'mqtts'],
    example: 'mqtts://user:password@mqtt.example.com:8883',
  },
  redis: {
    title: 'Redis',
    schemes: ['redis', 'rediss'],
    example: 'rediss://user:password@redis.example.com:6379/0',
  },
  postgres: {
    title: 'PostgreSQL',
    schemes: ['postgres', 'postgresql'],
    example: 'postgres://user:password@db.example.com:5432/shop',
  },
} as const satisfies Record<string, Omit<ConnectionKind, 'fields'>>

/** NATS lets in by one of them, instead of user and password. */
export const natsLogin = [
  { name: 'token', is: 'secret' },
  { name: 'credentials', is: 'long-secret' },
] as const

import type { Endpoint, EndpointInput } from '../../api/shapes.ts'
import {
  type ConnectionKind,
  settingsInput,
  type TypedSettings,
  typedOf,
  type WrongSetting,
  wrongSettings,
} from '../connections/settings.ts'

/** The kinds of destination that the form knows. */
export const destinationKinds = {
  rabbitmq: {
    title: 'RabbitMQ',
    schemes: ['amqp', 'amqps'],
    example: 'amqps://user:password@rabbit.example.com:5671/vhost',
    fields: [
      { name: 'queue', is: 'text', example: 'orders' },
      { name: 'exchange', is: 'text', example: 'events' },
      { name: 'routingKey', is: 'text', example: '{app}.{eventType}' },
      { name: 'persistent', is: 'flag' },
    ],
    either: ['queue', 'exchange'],
  },
  nats: {
    title: 'NATS JetStream',
    schemes: ['nats', 'tls'],
    example: 'tls://user:password@nats.example.com:4222',
    fields: [
      { name: 'subject', is: 'text', needed: true, example: 'events.{eventType}' },
      { name: 'stream', is: 'text', example: 'EVENTS' },
      { name: 'token', is: 'secret' },
      { name: 'credentials', is: 'long-secret' },
    ],
  },
  mqtt: {
    title: 'MQTT 5',
    schemes: ['mqtt', 'mqtts'],
    example: 'mqtts://user:password@mqtt.example.com:8883',
    fields: [
      { name: 'topic', is: 'text', needed: true, example: 'shop/{app}/{eventType}' },
      { name: 'qos', is: { options: ['1', '2'] } },
      { name: 'retain', is: 'flag' },
    ],
  },
  redis: {
    title: 'Redis Streams',
    schemes: ['redis', 'rediss'],
    example: 'rediss://user:password@redis.example.com:6379/0',
    fields: [
      { name: 'stream', is: 'text', needed: true, example: 'events:{app}' },
      { name: 'create', is: 'flag' },
      { name: 'maxLength', is: 'number', example: '100000' },
    ],
  },
  postgres: {
    title: 'PostgreSQL',
    schemes: ['postgres', 'postgresql'],
    example: 'postgres://user:password@db.example.com:5432/shop',
    fields: [{ name: 'table', is: 'text', needed: true, example: 'public.events' }],
  },
} as const satisfies Record<string, ConnectionKind>

export type KnownKind = keyof typeof destinationKinds

/** Where to, as a form holds it. */
export interface DestinationDraft extends TypedSettings {
  /** `other`: a kind that this form does not know, which stays as it is. */
  kind: 'http' | KnownKind | 'other'
}

export const overHttp: DestinationDraft = { kind: 'http', values: {}, kept: {} }

export function kindOf(kind: DestinationDraft['kind']): ConnectionKind | undefined {
  return kind === 'http' || kind === 'other' ? undefined : destinationKinds[kind]
}

export function destinationDraftOf(shown: Endpoint['destination']): DestinationDraft {
  if (shown === null || shown === undefined) return overHttp
  const { type, ...settings } = shown as { type: string } & Record<string, unknown>
  if (!Object.hasOwn(destinationKinds, type)) return { ...overHttp, kind: 'other' }
  const kind = type as KnownKind
  return { kind, ...typedOf(destinationKinds[kind], settings) }
}

export function wrongDestination({ kind, values }: DestinationDraft): Record<string, WrongSetting> {
  const known = kindOf(kind)
  return known === undefined ? {} : wrongSettings(known, values)
}

/** What is sent to Pombo: `url` or `destination`, and of a kind that the form does not know neither. */
export function destinationInput(
  { kind, ...typed }: DestinationDraft,
  url: string,
): Pick<EndpointInput, 'url' | 'destination'> {
  if (kind === 'other') return {}
  const known = kindOf(kind)
  if (known === undefined) return { url: url.trim(), destination: null }
  const destination = { type: kind, ...settingsInput(known, typed) }
  return { destination: destination as unknown as NonNullable<EndpointInput['destination']> }
}

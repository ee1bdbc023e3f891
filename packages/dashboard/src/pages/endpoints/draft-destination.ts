import type { Endpoint, EndpointInput } from '../../api/shapes.ts'
import {
  type ConnectionKind,
  settingPaths,
  settingsInput,
  type TypedSettings,
  typedOf,
  type WrongSetting,
  wrongSettings,
} from '../connections/settings.ts'
import { natsLogin, sides } from '../connections/sides.ts'

/** The kinds of destination that the form knows. */
export const destinationKinds = {
  rabbitmq: {
    ...sides.rabbitmq,
    fields: [
      { name: 'queue', is: 'text', example: 'orders' },
      { name: 'exchange', is: 'text', example: 'events' },
      { name: 'routingKey', is: 'text', example: '{app}.{eventType}' },
      { name: 'persistent', is: 'flag' },
    ],
    either: ['queue', 'exchange'],
  },
  nats: {
    ...sides.nats,
    fields: [
      { name: 'subject', is: 'text', needed: true, example: 'events.{eventType}' },
      { name: 'stream', is: 'text', example: 'EVENTS' },
      ...natsLogin,
    ],
  },
  mqtt: {
    ...sides.mqtt,
    fields: [
      { name: 'topic', is: 'text', needed: true, example: 'shop/{app}/{eventType}' },
      { name: 'qos', is: { options: ['1', '2'] } },
      { name: 'retain', is: 'flag' },
    ],
  },
  redis: {
    ...sides.redis,
    title: 'Redis Streams',
    fields: [
      { name: 'stream', is: 'text', needed: true, example: 'events:{app}' },
      { name: 'create', is: 'flag' },
      { name: 'maxLength', is: 'number', example: '100000' },
    ],
  },
  postgres: {
    ...sides.postgres,
    fields: [{ name: 'table', is: 'text', needed: true, example: 'public.events' }],
  },
} as const satisfies Record<string, ConnectionKind>

/** The names under which Pombo says what is wrong. */
export const destinationFields = settingPaths(destinationKinds, 'destination')

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

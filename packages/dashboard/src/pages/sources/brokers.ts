import type { SourceInput, SourceShown } from '../../api/shapes.ts'
import {
  type ConnectionKind,
  settingPaths,
  settingsInput,
  type TypedSettings,
  typedOf,
  wrongSettings,
} from '../connections/settings.ts'
import { natsLogin, sides } from '../connections/sides.ts'

const common = [
  { name: 'deadLetter', is: 'text' },
  { name: 'batch', is: 'number', example: '100' },
  { name: 'paused', is: 'flag' },
] as const

/** The brokers that a source may be fed by, each with what it asks for. */
export const brokerKinds = {
  rabbitmq: {
    ...sides.rabbitmq,
    fields: [
      { name: 'queue', is: 'text', example: 'orders' },
      { name: 'stream', is: 'text', example: 'orders' },
      { name: 'partitions', is: 'number', example: '3' },
      { name: 'from', is: { options: ['', 'first', 'next'] } },
      ...common,
    ],
    either: ['queue', 'stream'],
  },
  nats: {
    ...sides.nats,
    fields: [
      { name: 'stream', is: 'text', needed: true, example: 'ORDERS' },
      { name: 'subject', is: 'text', example: 'orders.>' },
      { name: 'group', is: 'text', example: 'pombo' },
      ...natsLogin,
      ...common,
    ],
  },
  mqtt: {
    ...sides.mqtt,
    fields: [
      { name: 'topic', is: 'text', needed: true, example: 'shop/+/orders/#' },
      { name: 'group', is: 'text', example: 'pombo' },
      ...common,
    ],
  },
  redis: {
    ...sides.redis,
    fields: [
      { name: 'stream', is: 'text', example: 'stream:orders' },
      { name: 'list', is: 'text', example: 'queue:orders' },
      { name: 'group', is: 'text', example: 'pombo' },
      { name: 'end', is: { options: ['', 'right', 'left'] } },
      ...common,
    ],
    either: ['stream', 'list'],
  },
} as const satisfies Record<string, ConnectionKind>

export type BrokerType = keyof typeof brokerKinds

/** What feeds a source, as a form holds it; `none`: requests alone. */
export interface BrokerDraft extends TypedSettings {
  type: 'none' | BrokerType
}

export const noBroker: BrokerDraft = { type: 'none', values: {}, kept: {} }

export function brokerDraftOf(shown: SourceShown['broker']): BrokerDraft {
  if (shown === null) return noBroker
  const { type: shownType, ...settings } = shown
  const type = shownType as BrokerType
  return { type, ...typedOf(brokerKinds[type], settings) }
}

/** By field, what is wrong with it. */
export function wrongBroker({ type, values }: BrokerDraft) {
  return type === 'none' ? {} : wrongSettings(brokerKinds[type], values)
}

export function brokerInput({
  type,
  ...typed
}: BrokerDraft): NonNullable<SourceInput['broker']> | null {
  if (type === 'none') return null
  const settings = { type, ...settingsInput(brokerKinds[type], typed) }
  return settings as unknown as NonNullable<SourceInput['broker']>
}

/** The names under which Pombo says what is wrong. */
export const brokerFields = settingPaths(brokerKinds, 'broker')

import { randomBytes } from 'node:crypto'
import type { IClientOptions, MqttClient, Packet } from 'mqtt'
import { optionalLibrary } from '../../core/optional-library.ts'
import { Declined } from '../contract/declined.ts'
import type { Connection, Tools } from '../contract/kind.ts'
import { nameFor } from '../contract/names.ts'
import { openSocket } from '../contract/network.ts'
import { propertiesOf } from '../contract/properties.ts'
import { mqttAddress, type MqttSettings } from './settings.ts'

/** What the broker takes unacknowledged where it does not say. */
const usualMaximum = 65_535
const noSubscribers = 0x10

export async function open(settings: MqttSettings, tools: Tools): Promise<Connection> {
  const { MqttClient: Client } = await optionalLibrary(
    'mqtt',
    'MQTT',
    async () => await import('mqtt'),
  )
  const address = mqttAddress(settings)
  const secure = address.scheme === 'mqtts'
  const socket = await openSocket(tools.network, address, secure, tools.tls, tools.signal)
  const options: IClientOptions = {
    protocolVersion: 5,
    clientId: `pombo-${randomBytes(8).toString('hex')}`,
    clean: true,
    keepalive: 20,
    // Connections are opened anew by the room, which knows the deadline.
    reconnectPeriod: 0,
    connectTimeout: 10_000,
    ...(address.username !== undefined && { username: address.username }),
    ...(address.password !== undefined && { password: address.password }),
  }
  const client = new Client(() => socket, options)
  let room = await connected(client, tools.signal).catch((error: unknown) => {
    client.on('error', () => {})
    client.end(true)
    throw translated(error)
  })
  const { topic, qos = 1, retain = false } = settings
  const underWay = new Set<(error: Error) => void>()
  const queue: (() => void)[] = []
  const { promise: broken, resolve: breaks } = Promise.withResolvers<Error>()
  let cause: Error | undefined
  client.on('error', (error) => (cause ??= error))
  // The reason that an MQTT 5 broker gives before it closes.
  client.on('disconnect', ({ reasonCode = 0 }) => {
    cause ??= new Error(`the broker ended the connection (reason 0x${reasonCode.toString(16)})`)
  })
  client.on('close', () => {
    const error = cause ?? new Error('the broker closed the connection')
    breaks(error)
    for (const reject of underWay) reject(error)
  })

  /** One more than the broker takes at a time, and it ends the connection. */
  async function turn(): Promise<void> {
    while (room <= 0) await new Promise<void>((go) => queue.push(go))
    room -= 1
  }

  return {
    /** A topic is there as soon as somebody names it. */
    async verify() {},

    async send(item) {
      const { envelope, body, headers } = item
      const name = nameFor(topic, envelope, clean)
      await turn()
      const { promise, resolve, reject } = Promise.withResolvers<Packet | undefined>()
      underWay.add(reject)
      try {
        const properties = {
          contentType: headers['content-type'] ?? 'application/json',
          userProperties: propertiesOf(item),
        }
        client.publish(name, body, { qos, retain, properties }, (error, packet) => {
          if (error) reject(error)
          else resolve(packet)
        })
        const answer = await promise
        const nobody = answer && 'reasonCode' in answer && answer.reasonCode === noSubscribers
        return `confirmed by the broker for ${name}${nobody ? '; nobody has subscribed' : ''}`
      } catch (error) {
        throw translated(error)
      } finally {
        underWay.delete(reject)
        room += 1
        queue.shift()?.()
      }
    },

    onBroken: (listener) => void broken.then(listener),

    async close() {
      client.end(true)
    },
  }
}

/** @returns how many messages it takes unacknowledged */
function connected(client: MqttClient, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('given up')), { once: true })
    client.once('connect', ({ properties }) => resolve(properties?.receiveMaximum ?? usualMaximum))
    client.once('error', reject)
    client.once('close', () => reject(new Error('the broker closed the connection')))
  })
}

/** Slashes part a topic into levels, # and + match many: a message's own words add none. */
function clean(value: string): string {
  return value.replaceAll(/[#+/]/g, '_')
}

/** By the reason codes of MQTT 5, section 2.4. */
const reasons: Readonly<Record<number, Declined['reason']>> = {
  // As brokers of MQTT 3 say them.
  4: 'credentials',
  5: 'credentials',
  0x86: 'credentials',
  0x8c: 'credentials',
  0x87: 'forbidden',
  0x90: 'missing',
  0x95: 'unfit',
  0x99: 'unfit',
  0x96: 'full',
  0x97: 'full',
}

export function translated(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Declined || !('code' in error)) return error
  if (typeof error.code !== 'number') return error
  const reason = reasons[error.code] ?? 'refused'
  const about = reason === 'missing' ? { field: 'topic' } : {}
  return new Declined(reason, `the broker says: ${error.message}`, about)
}

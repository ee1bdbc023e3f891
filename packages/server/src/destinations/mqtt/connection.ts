import { randomBytes } from 'node:crypto'
import type { IClientOptions, MqttClient, Packet } from 'mqtt'
import { optionalLibrary } from '../../core/optional-library.ts'
import { Declined } from '../contract/declined.ts'
import type { Connection, Item, Tools } from '../contract/kind.ts'
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
  try {
    const receiveMaximum = await connected(client, tools.signal)
    return new Publisher(settings, client, receiveMaximum)
  } catch (error) {
    client.on('error', () => {})
    client.end(true)
    throw translated(error)
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

class Publisher implements Connection {
  readonly #settings: MqttSettings
  readonly #client: MqttClient
  readonly #underWay = new Set<(error: Error) => void>()
  readonly #queue: (() => void)[] = []
  #room: number
  readonly #broken: Promise<Error>

  constructor(settings: MqttSettings, client: MqttClient, receiveMaximum: number) {
    this.#settings = settings
    this.#client = client
    this.#room = receiveMaximum
    let cause: Error | undefined
    client.on('error', (error) => (cause ??= error))
    // The reason that an MQTT 5 broker gives before it closes.
    client.on('disconnect', ({ reasonCode }) => {
      cause ??= new Error(
        `the broker ended the connection (reason 0x${(reasonCode ?? 0).toString(16)})`,
      )
    })
    const { promise, resolve } = Promise.withResolvers<Error>()
    this.#broken = promise
    client.on('close', () => {
      const error = cause ?? new Error('the broker closed the connection')
      resolve(error)
      for (const reject of this.#underWay) reject(error)
    })
  }

  /** A topic is there as soon as somebody names it. */
  async verify(): Promise<void> {}

  async send(item: Item): Promise<string> {
    const { topic, qos = 1, retain = false } = this.#settings
    const { envelope, body, headers } = item
    const name = nameFor(topic, envelope, clean)
    await this.#turn()
    const { promise, resolve, reject } = Promise.withResolvers<Packet | undefined>()
    this.#underWay.add(reject)
    try {
      const properties = {
        contentType: headers['content-type'] ?? 'application/json',
        userProperties: propertiesOf(item),
      }
      this.#client.publish(name, body, { qos, retain, properties }, (error, packet) => {
        if (error) reject(error)
        else resolve(packet)
      })
      const answer = await promise
      const nobody = answer && 'reasonCode' in answer && answer.reasonCode === noSubscribers
      return `confirmed by the broker for ${name}${nobody ? '; nobody has subscribed' : ''}`
    } catch (error) {
      throw translated(error)
    } finally {
      this.#underWay.delete(reject)
      this.#room += 1
      this.#queue.shift()?.()
    }
  }

  onBroken(listener: (error: Error) => void): void {
    void this.#broken.then(listener)
  }

  async close(): Promise<void> {
    this.#client.end(true)
  }

  /** One more than the broker takes at a time, and it ends the connection. */
  async #turn(): Promise<void> {
    while (this.#room <= 0) await new Promise<void>((go) => this.#queue.push(go))
    this.#room -= 1
  }
}

/** Slashes part a topic into levels, # and + match many: a message's own words add none. */
function clean(value: string): string {
  return value.replaceAll(/[#+/]/g, '_')
}

/** By the reason codes of MQTT 5, section 2.4. */
export function translated(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Declined || !('code' in error)) return error
  const text = `the broker says: ${error.message}`
  switch (error.code) {
    // The first two as brokers of MQTT 3 say them.
    case 4:
    case 5:
    case 0x86:
    case 0x8c:
      return new Declined('credentials', text)
    case 0x87:
      return new Declined('forbidden', text)
    case 0x90:
      return new Declined('missing', text, { field: 'topic' })
    case 0x95:
    case 0x99:
      return new Declined('unfit', text)
    case 0x97:
    case 0x96:
      return new Declined('full', text)
    default:
      return typeof error.code === 'number' ? new Declined('refused', text) : error
  }
}

/**
 * A session of MQTT 5 that acknowledges when it is told to. The library `mqtt` acknowledges each message before it
 * reads the next, so that a batch could never be more than one; its packets are read and written here.
 */
import { randomBytes } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import type { IConnackPacket, IPublishPacket, Packet } from 'mqtt'
import { optionalLibrary } from '../../core/optional-library.ts'
import { Declined } from '../../destinations/contract/declined.ts'
import type { Tools } from '../../destinations/contract/kind.ts'
import { openSocket } from '../../destinations/contract/network.ts'
import { translated } from '../../destinations/mqtt/connection.ts'
import { mqttAddress } from '../../destinations/mqtt/settings.ts'
import { namesOf, type MqttSource } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'

const keepAliveSeconds = 20
const protocolVersion = 5
const answerMs = 10_000
/** The broker keeps it until it is ended. */
const forever = 0xff_ff_ff_ff

export interface SessionOptions {
  clientId: string
  /** Ends what the broker keeps under this name, and keeps nothing after. */
  clean: boolean
  /** Unacknowledged messages that the broker may have under way. */
  receiveMaximum: number
  /** Of a session that the broker has kept, the first comes with its answer to the connection. */
  onMessage?: (packet: IPublishPacket, session: MqttSession) => void
  /** Told once why it ended. */
  onEnd?: (error: Error, session: MqttSession) => void
}

interface Packets {
  generate(packet: Packet, options: { protocolVersion: number }): Buffer
  parser(options: { protocolVersion: number }): EventEmitter & { parse(chunk: Buffer): number }
}

/** What reads and writes packets for the library `mqtt`, and is installed with it. */
async function library(): Promise<Packets> {
  return await optionalLibrary('mqtt', 'MQTT', async () => {
    const require = createRequire(import.meta.url)
    return createRequire(require.resolve('mqtt'))('mqtt-packet') as Packets
  })
}

export class MqttSession {
  readonly #socket: Socket
  readonly #generate: (packet: Packet) => Buffer
  readonly #answers = new Map<string, (packet: Packet) => void>()
  readonly #pinging: NodeJS.Timeout
  #messageId = 0
  #heard = performance.now()
  #held = false
  #cause: Error | undefined
  readonly #onMessage: SessionOptions['onMessage']
  readonly #onEnd: SessionOptions['onEnd']

  private constructor(
    socket: Socket,
    generate: (packet: Packet) => Buffer,
    { onMessage, onEnd }: SessionOptions,
  ) {
    this.#onMessage = onMessage
    this.#onEnd = onEnd
    this.#socket = socket
    this.#generate = generate
    this.#pinging = setInterval(() => {
      if (!this.#held && performance.now() - this.#heard > 2_000 * keepAliveSeconds)
        socket.destroy(new Error('the broker did not answer in time'))
      else this.#send({ cmd: 'pingreq' })
    }, keepAliveSeconds * 500)
    socket.on('error', (error) => (this.#cause ??= error))
    socket.on('close', () => {
      clearInterval(this.#pinging)
      this.#onEnd?.(this.#cause ?? new Error('the broker closed the connection'), this)
    })
  }

  static async open(
    settings: MqttSource,
    tools: Tools,
    options: SessionOptions,
  ): Promise<MqttSession> {
    const { clientId, clean, receiveMaximum } = options
    const packets = await library()
    const address = mqttAddress(settings)
    const secure = address.scheme === 'mqtts'
    const socket = await openSocket(tools.network, address, secure, tools.tls, tools.signal)
    const generate = (packet: Packet) => packets.generate(packet, { protocolVersion })
    const session = new MqttSession(socket, generate, options)
    const parser = packets.parser({ protocolVersion })
    parser.on('packet', (packet: Packet) => session.#take(packet))
    parser.on('error', (error: Error) => socket.destroy(error))
    socket.on('data', (chunk: Buffer) => void parser.parse(chunk))
    try {
      const connack = await session.#ask<IConnackPacket>('connack', {
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion,
        clientId,
        clean,
        keepalive: keepAliveSeconds,
        ...(address.username !== undefined && { username: address.username }),
        ...(address.password !== undefined && { password: Buffer.from(address.password) }),
        properties: { sessionExpiryInterval: clean ? 0 : forever, receiveMaximum },
      })
      const { reasonCode = connack.returnCode ?? 0 } = connack
      if (reasonCode !== 0) throw refused('it refused the connection', reasonCode)
      if (connack.properties?.retainAvailable === false)
        throw new Declined('refused', say('no_retained'), {
          field: 'deadLetter',
        })
      return session
    } catch (error) {
      socket.destroy()
      throw session.#cause ?? error
    }
  }

  async subscribe(filter: string): Promise<void> {
    const messageId = this.#nextId()
    const suback = await this.#ask<Extract<Packet, { cmd: 'suback' }>>(`suback ${messageId}`, {
      cmd: 'subscribe',
      messageId,
      subscriptions: [{ topic: filter, qos: 1, nl: false, rap: true, rh: 2 }],
    })
    const [granted] = suback.granted as number[]
    if (granted === undefined || granted < 0x80) return
    const error = refused(`it refused the subscription ${filter}`, granted)
    throw error instanceof Declined
      ? new Declined(error.reason, error.message, { field: 'topic' })
      : error
  }

  async unsubscribe(filter: string): Promise<void> {
    const messageId = this.#nextId()
    await this.#ask(`unsuback ${messageId}`, {
      cmd: 'unsubscribe',
      messageId,
      unsubscriptions: [filter],
    })
  }

  acknowledge({ qos, messageId }: IPublishPacket): void {
    if (qos === 1) this.#send({ cmd: 'puback', messageId: messageId!, reasonCode: 0 })
  }

  /**
   * Takes no more messages until then. Of QoS 0 the broker may send as many as it likes: it has to be made to wait, or
   * to drop them.
   */
  hold(until: Promise<void>): void {
    if (this.#held) return
    this.#held = true
    this.#flow()
    void until.then(() => {
      this.#held = false
      this.#heard = performance.now()
      this.#flow()
    })
  }

  /** What is asked while it is held is answered all the same, with whatever comes before the answer. */
  #flow(): void {
    if (this.#held && this.#answers.size === 0) this.#socket.pause()
    else this.#socket.resume()
  }

  /** Resolves when the broker has it. */
  async publish(
    topic: string,
    { payload, properties }: IPublishPacket,
    more: Record<string, string>,
  ) {
    const messageId = this.#nextId()
    const { contentType, userProperties = {} } = properties ?? {}
    const answer = await this.#ask<Packet & { reasonCode?: number }>(`puback ${messageId}`, {
      cmd: 'publish',
      topic,
      payload,
      qos: 1,
      retain: true,
      dup: false,
      messageId,
      properties: {
        ...(contentType !== undefined && { contentType }),
        userProperties: { ...userProperties, ...more },
      },
    })
    if ((answer.reasonCode ?? 0) >= 0x80)
      throw refused(`it does not take ${topic}`, answer.reasonCode!)
  }

  /** The session stays with the broker. */
  close(): void {
    if (!this.#socket.destroyed) this.#send({ cmd: 'disconnect', reasonCode: 0 })
    this.#socket.end()
    this.#socket.destroySoon()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #take(packet: Packet): void {
    this.#heard = performance.now()
    if (packet.cmd === 'publish') return this.#onMessage?.(packet, this)
    if (packet.cmd === 'disconnect') {
      this.#cause ??= refused('it ended the connection', packet.reasonCode ?? 0)
      this.#socket.destroy()
      return
    }
    const id =
      packet.cmd === 'connack' || packet.messageId === undefined ? '' : ` ${packet.messageId}`
    this.#answers.get(`${packet.cmd}${id}`)?.(packet)
  }

  async #ask<Answer extends Packet>(answer: string, packet: Packet): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Packet>()
    this.#answers.set(answer, resolve)
    this.#flow()
    const timer = setTimeout(() => reject(new Error('the broker did not answer in time')), answerMs)
    const closed = () => reject(this.#cause ?? new Error('the broker closed the connection'))
    this.#socket.once('close', closed)
    try {
      this.#send(packet)
      return (await promise) as Answer
    } finally {
      clearTimeout(timer)
      this.#socket.off('close', closed)
      this.#answers.delete(answer)
      this.#flow()
    }
  }

  #send(packet: Packet): void {
    if (this.#socket.writable) this.#socket.write(this.#generate(packet))
  }

  #nextId(): number {
    this.#messageId = (this.#messageId % 65_535) + 1
    return this.#messageId
  }
}

function refused(what: string, code: number): Error {
  const error = Object.assign(new Error(`${what} (reason 0x${code.toString(16)})`), { code })
  return translated(error) as Error
}

/** What the sessions of all nodes subscribe to: the broker gives each message to one of them. */
export function filterOf(settings: MqttSource): string {
  return `$share/${namesOf(settings).group}/${settings.topic}`
}

/** Connects and subscribes, in a session that leaves nothing. */
export async function verify(settings: MqttSource, tools: Tools): Promise<void> {
  const clientId = `pombo-trial-${randomBytes(8).toString('hex')}`
  const session = await MqttSession.open(settings, tools, {
    clientId,
    clean: true,
    receiveMaximum: 1,
  })
  try {
    // Of a group of its own: what it is handed would be lost to the nodes.
    await session.subscribe(`$share/${clientId}/${settings.topic}`)
  } finally {
    session.close()
  }
}

import { randomUUID } from 'node:crypto'
import type { IPublishPacket } from 'mqtt'
import { tlsOf } from '../broker/common-settings.ts'
import type { Inbox } from '../broker/inbox.ts'
import { type BrokerMessage, type ReaderTools, usualBatch } from '../broker/kind.ts'
import { Shares } from '../broker/shares.ts'
import type { SubscribingReader, Subscription } from '../broker/subscriber.ts'
import { filterOf, MqttSession } from './session.ts'
import { namesOf, type MqttSource } from './settings.ts'

export interface MqttItem {
  packet: IPublishPacket
  session: MqttSession
}

/** How long a connection may take to open. */
const openMs = 10_000

/**
 * Sessions of a shared subscription. The broker gives each message to one session, and keeps for a session that is gone
 * what it was given and has not acknowledged: so sessions outlive their nodes, and another node takes them over. There
 * are as many as there were nodes at once.
 */
export class MqttReader implements SubscribingReader<MqttItem> {
  readonly broker = 'MQTT'
  readonly name: string
  readonly batch: number
  readonly #settings: MqttSource
  readonly #tools: ReaderTools
  /** Of all sessions that this node has had. */
  readonly #names = new Set<string>()

  constructor(settings: MqttSource, tools: ReaderTools) {
    this.#settings = settings
    this.#tools = tools
    this.name = `the topic ${settings.topic}`
    this.batch = settings.batch ?? usualBatch
  }

  async subscribe(inbox: Inbox<MqttItem>): Promise<Subscription<MqttItem>> {
    const shares = await Shares.open({
      inbox,
      share: async () => await this.#tools.slots.share(),
      open: async (name, ended) => await this.#openSession(name, inbox, ended),
    })
    return {
      setAside: async ({ packet, session }, problem) => {
        const topic = `${namesOf(this.#settings).refused}/${randomUUID()}`
        await session.publish(topic, packet, {
          'pombo-problem': problem,
          'pombo-topic': packet.topic,
        })
      },
      acknowledge(items) {
        for (const { packet, session } of items) session.acknowledge(packet)
      },
      close: async () => await shares.close(),
      destroy: () => shares.destroy(),
    }
  }

  async #openSession(
    name: string,
    inbox: Inbox<MqttItem>,
    ended: (error: Error) => void,
  ): Promise<MqttSession> {
    this.#names.add(name)
    const settings = this.#settings
    const session = await MqttSession.open(settings, this.#toolsNow(), {
      clientId: this.#clientId(name),
      clean: false,
      // One batch is taken while another comes.
      receiveMaximum: 2 * this.batch,
      onMessage: (packet, from) => inbox.push({ packet, session: from }),
      onEnd: ended,
    })
    try {
      // A session keeps what it subscribed to. What it was given of another topic before is taken all the same.
      const filter = filterOf(settings)
      const before = (await this.#tools.slots.claim(name))?.position ?? null
      if (before !== null && before !== filter) await session.unsubscribe(before)
      await session.subscribe(filter)
      await this.#tools.slots.advance(name, filter)
      return session
    } catch (error) {
      session.close()
      throw error
    }
  }

  message({ packet }: MqttItem): BrokerMessage {
    const { payload, properties, dup } = packet
    const headers: BrokerMessage['headers'] = {}
    for (const [name, value] of Object.entries(properties?.userProperties ?? {}))
      headers[name.toLowerCase()] = String(Array.isArray(value) ? value[0] : value)
    if (properties?.contentType !== undefined) headers['content-type'] = properties.contentType
    return {
      body: typeof payload === 'string' ? Buffer.from(payload) : payload,
      headers,
      id: headers['message-id'] ?? headers['webhook-id'] ?? null,
      again: dup,
    }
  }

  async release(): Promise<void> {
    await this.#tools.slots.release([...this.#names])
  }

  /** The broker is to keep nothing more for this source. */
  async forget(): Promise<void> {
    for (const name of this.#names) {
      const options = { clientId: this.#clientId(name), clean: true, receiveMaximum: 1 }
      const session = await MqttSession.open(this.#settings, this.#toolsNow(), options)
      session.close()
    }
  }

  #toolsNow() {
    const signal = AbortSignal.timeout(openMs)
    return { ...this.#tools, tls: tlsOf(this.#settings), signal }
  }

  /** Of 23 letters and digits, which every broker takes. */
  #clientId(name: string): string {
    return `pombo${this.#tools.sourceId.replaceAll('-', '').slice(-16)}${name}`
  }
}

import { randomUUID } from 'node:crypto'
import type { IPublishPacket } from 'mqtt'
import { tlsOf } from '../broker/common-settings.ts'
import type { Inbox } from '../broker/inbox.ts'
import { type BrokerMessage, type ReaderTools, usualBatch } from '../broker/kind.ts'
import { Shares } from '../broker/shares.ts'
import type { SubscribingReader } from '../broker/subscriber.ts'
import { filterOf, MqttSession } from './session.ts'
import { namesOf, type MqttSource } from './settings.ts'

interface MqttItem {
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
export async function mqttReader(
  settings: MqttSource,
  tools: ReaderTools,
): Promise<SubscribingReader<MqttItem>> {
  const { slots, sourceId } = tools
  const { topic, batch = usualBatch, paused } = settings
  /** Of all sessions that this node has had; of a source that is paused, of those that wait for it. */
  const names = new Set(paused ? await slots.names() : [])

  function toolsNow() {
    return { ...tools, tls: tlsOf(settings), signal: AbortSignal.timeout(openMs) }
  }

  /** Of 23 letters and digits, which every broker takes. */
  function clientId(name: string): string {
    return `pombo${sourceId.replaceAll('-', '').slice(-16)}${name}`
  }

  async function openSession(
    name: string,
    inbox: Inbox<MqttItem>,
    ended: (error: Error) => void,
  ): Promise<MqttSession> {
    names.add(name)
    // One batch is taken while another comes.
    const most = 2 * batch
    const session = await MqttSession.open(settings, toolsNow(), {
      clientId: clientId(name),
      clean: false,
      receiveMaximum: most,
      onMessage(packet, from) {
        inbox.push({ packet, session: from })
        if (inbox.isFull(most)) from.hold(inbox.room(most))
      },
      onEnd: ended,
    })
    try {
      // A session keeps what it subscribed to. What it was given of another topic before is taken all the same.
      const filter = filterOf(settings)
      const before = (await slots.claim(name))?.position ?? null
      if (before !== null && before !== filter) await session.unsubscribe(before)
      await session.subscribe(filter)
      await slots.advance(name, filter)
      return session
    } catch (error) {
      session.close()
      throw error
    }
  }

  /**
   * It is kept where it was set aside, by this source or another: a topic such as # takes that, too, and would have it
   * set aside without end. One that a person has sent again to its own topic is not.
   */
  function liesAside({ topic: where, properties }: IPublishPacket): boolean {
    const from = properties?.userProperties?.['pombo-topic']
    return from !== undefined && from !== where
  }

  return {
    name: `the topic ${topic}`,
    batch,

    async subscribe(inbox) {
      const shares = await Shares.open({
        inbox,
        share: async () => await slots.share(),
        open: async (name, ended) => await openSession(name, inbox, ended),
      })
      return {
        setAside: async ({ packet, session }, problem) => {
          if (liesAside(packet)) return
          const aside = `${namesOf(settings).refused}/${randomUUID()}`
          const why = { 'pombo-problem': problem, 'pombo-topic': packet.topic }
          await session.publish(aside, packet, why)
        },
        acknowledge(items) {
          for (const { packet, session } of items) session.acknowledge(packet)
        },
        close: async () => await shares.close(),
        destroy: () => shares.destroy(),
      }
    },

    message({ packet: { payload, properties, dup } }) {
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
    },

    release: async () => await slots.release([...names]),

    /** The broker is to keep nothing more for this source. */
    async forget() {
      for (const name of names) {
        const options = { clientId: clientId(name), clean: true, receiveMaximum: 1 }
        const session = await MqttSession.open(settings, toolsNow(), options)
        session.close()
      }
    },
  }
}

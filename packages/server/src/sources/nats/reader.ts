import type { Consumer, JsMsg } from '@nats-io/jetstream'
import { connect, libraries, translated } from '../../destinations/nats/connect.ts'
import { tlsOf } from '../broker/common-settings.ts'
import { contentId } from '../broker/content-id.ts'
import type { Inbox } from '../broker/inbox.ts'
import { type ReaderTools, usualBatch } from '../broker/kind.ts'
import type { SubscribingReader } from '../broker/subscriber.ts'
import { namesOf, type NatsSource } from './settings.ts'
import { ackWaitMs, makeConsumer } from './verify.ts'

const waitMs = 5_000

/** One stream, of which JetStream hands each message to one of the nodes that ask. */
export function natsReader(settings: NatsSource, tools: ReaderTools): SubscribingReader<JsMsg> {
  const { batch = usualBatch } = settings

  /** Asks for one batch while another is taken, and for no more. */
  async function fill(inbox: Inbox<JsMsg>, inHand: Set<JsMsg>, consumer: Consumer): Promise<void> {
    while (!inbox.over) {
      await inbox.room(batch)
      if (inbox.over) return
      const messages = await consumer.fetch({ max_messages: batch, expires: waitMs })
      for await (const message of messages) {
        inHand.add(message)
        inbox.push(message)
        if (inbox.over) return
      }
    }
  }

  return {
    name: `the stream ${settings.stream}`,
    batch,
    beatMs: ackWaitMs / 3,

    async subscribe(inbox, signal) {
      const library = await libraries()
      const now = { ...tools, tls: tlsOf(settings), signal }
      const connection = await connect(settings, now, library)
      const failed = (error: unknown) => inbox.fail(translated(error, settings, 'stream') as Error)
      void connection
        .closed()
        .then((error) => failed(error instanceof Error ? error : new Error('NATS closed it')))
      const stream = library.jetstream.jetstream(connection)
      /** Handed out and not acknowledged. */
      const inHand = new Set<JsMsg>()
      const close = async () => {
        // At once somebody else's, and not when their time is up.
        if (!connection.isClosed()) for (const message of inHand) message.nak()
        await connection.flush().catch(() => {})
        await connection.close().catch(() => {})
      }
      try {
        await makeConsumer(await stream.jetstreamManager(), settings)
        const consumer = await stream.consumers.get(settings.stream, namesOf(settings).group)
        void fill(inbox, inHand, consumer).catch(failed)
      } catch (error) {
        await close()
        throw translated(error, settings, 'stream')
      }
      return {
        setAside: async (message, problem) => {
          // Set aside twice, it is there once.
          const msgID = `${message.info.stream}.${message.info.streamSequence}`
          const headers = library.core.headers()
          for (const name of message.headers?.keys() ?? [])
            if (!/^nats-/i.test(name)) headers.set(name, message.headers!.get(name))
          headers.set('pombo-problem', problem.replaceAll(/[\r\n]+/g, ' '))
          headers.set('pombo-subject', message.subject)
          try {
            // Resolves when a stream has it.
            await stream.publish(namesOf(settings).refused, message.data, { headers, msgID })
          } catch (error) {
            throw translated(error, settings, 'deadLetter')
          }
        },
        acknowledge(messages) {
          for (const message of messages) {
            message.ack()
            inHand.delete(message)
          }
        },
        beat() {
          for (const message of inHand) message.working()
        },
        close,
        destroy: () => void connection.close().catch(() => {}),
      }
    },

    message({ data, headers, info, redelivered }) {
      const body = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
      const names = [...(headers?.keys() ?? [])]
      return {
        body,
        headers: Object.fromEntries(names.map((name) => [name.toLowerCase(), headers!.get(name)])),
        // With its content: a stream that was made anew counts from 1 again.
        id: `${info.streamSequence} ${contentId(body)}`,
        again: redelivered,
      }
    },
  }
}

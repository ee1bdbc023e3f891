import type { ConsumeMessage } from 'amqplib'
import { type ReaderTools, usualBatch } from '../broker/kind.ts'
import type { SubscribingReader } from '../broker/subscriber.ts'
import { headersOf, Reading } from './reading.ts'
import type { RabbitmqSource } from './settings.ts'

/** One queue, of which RabbitMQ hands each message to one consumer. */
export function queueReader(
  settings: RabbitmqSource,
  tools: ReaderTools,
): SubscribingReader<ConsumeMessage> {
  const { queue, batch = usualBatch } = settings
  return {
    name: `the queue ${queue}`,
    batch,

    async subscribe(inbox, signal) {
      const reading = await Reading.open(settings, tools, {
        name: queue!,
        // One batch is taken while another comes.
        prefetch: 2 * batch,
        signal,
        onMessage: (message) => inbox.push(message),
        onEnd: (error) => inbox.fail(error),
      })
      return {
        setAside: async (message, problem) => await reading.setAside(message, problem),
        acknowledge(messages) {
          for (const message of messages) reading.acknowledge(message)
        },
        close: async () => await reading.close(),
        destroy: () => reading.destroy(),
      }
    },

    message(message) {
      const { messageId } = message.properties as { messageId: unknown }
      return {
        body: message.content,
        headers: headersOf(message),
        id: typeof messageId === 'string' && messageId !== '' ? messageId : null,
        again: message.fields.redelivered,
      }
    },
  }
}

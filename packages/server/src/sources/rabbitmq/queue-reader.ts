import type { ConsumeMessage } from 'amqplib'
import type { Inbox } from '../broker/inbox.ts'
import { type BrokerMessage, type ReaderTools, usualBatch } from '../broker/kind.ts'
import type { SubscribingReader, Subscription } from '../broker/subscriber.ts'
import { headersOf, Reading } from './reading.ts'
import type { RabbitmqSource } from './settings.ts'

/** One queue, of which RabbitMQ hands each message to one consumer. */
export class QueueReader implements SubscribingReader<ConsumeMessage> {
  readonly broker = 'RabbitMQ'
  readonly name: string
  readonly batch: number
  readonly #settings: RabbitmqSource
  readonly #tools: ReaderTools

  constructor(settings: RabbitmqSource, tools: ReaderTools) {
    this.#settings = settings
    this.#tools = tools
    this.name = `the queue ${settings.queue}`
    this.batch = settings.batch ?? usualBatch
  }

  async subscribe(
    inbox: Inbox<ConsumeMessage>,
    signal: AbortSignal,
  ): Promise<Subscription<ConsumeMessage>> {
    const reading = await Reading.open(this.#settings, this.#tools, {
      name: this.#settings.queue!,
      // One batch is taken while another comes.
      prefetch: 2 * this.batch,
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
  }

  message(message: ConsumeMessage): BrokerMessage {
    const { messageId } = message.properties as { messageId: unknown }
    return {
      body: message.content,
      headers: headersOf(message),
      id: typeof messageId === 'string' && messageId !== '' ? messageId : null,
      again: message.fields.redelivered,
    }
  }
}

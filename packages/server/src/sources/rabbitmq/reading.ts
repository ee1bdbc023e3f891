/** An open consumer: what queues and streams have in common. */
import type { Channel, ChannelModel, ConfirmChannel, ConsumeMessage, Options } from 'amqplib'
import { Declined } from '../../destinations/contract/declined.ts'
import { connect, translated } from '../../destinations/rabbitmq/connect.ts'
import { tlsOf } from '../broker/common-settings.ts'
import type { BrokerMessage, ReaderTools } from '../broker/kind.ts'
import { namesOf, type RabbitmqSource } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'
import { waitAtMost } from '../../core/wait-at-most.ts'

export interface ReadingOptions {
  /** The queue or stream. */
  name: string
  /** How much may be handed out unacknowledged. */
  prefetch: number
  consume?: Options.Consume
  signal: AbortSignal
  onMessage: (message: ConsumeMessage, reading: Reading) => void
  /** Told once why it ended. */
  onEnd: (error: Error) => void
}

export class Reading {
  readonly #model: ChannelModel
  readonly #channel: Channel
  readonly #refused: string
  readonly #onEnd: (error: Error) => void
  #confirming: Promise<ConfirmChannel> | undefined
  #broken: Error | undefined
  #closing = false

  private constructor(
    model: ChannelModel,
    channel: Channel,
    refused: string,
    onEnd: ReadingOptions['onEnd'],
  ) {
    this.#model = model
    this.#channel = channel
    this.#refused = refused
    this.#onEnd = onEnd
    model.on('error', (error: Error) => this.#break(error))
    model.on('close', () => this.#break(new Error('RabbitMQ closed the connection')))
    channel.on('error', (error: Error) => this.#break(error))
    channel.on('close', () => this.#break(new Error('RabbitMQ closed the channel')))
  }

  static async open(
    settings: RabbitmqSource,
    tools: ReaderTools,
    { name, prefetch, consume = {}, signal, onMessage, onEnd }: ReadingOptions,
  ): Promise<Reading> {
    const { refused } = namesOf(settings)
    const model = await connect(settings, { ...tools, tls: tlsOf(settings), signal })
    model.on('error', () => {})
    try {
      const channel = await model.createChannel()
      const reading = new Reading(model, channel, refused, onEnd)
      await channel.prefetch(prefetch)
      await channel.consume(
        name,
        (message) => {
          if (message) onMessage(message, reading)
          else reading.#break(new Declined('missing', say('queue_deleted', { name })))
        },
        consume,
      )
      return reading
    } catch (error) {
      void model.close().catch(() => {})
      throw translated(error)
    }
  }

  acknowledge(message: ConsumeMessage): void {
    try {
      this.#channel.ack(message)
    } catch (error) {
      // A channel that is closed throws at once, and not with why it is.
      throw translated(this.#broken ?? error)
    }
  }

  /** Resolves when the broker has it in the queue for what cannot be read. */
  async setAside(message: ConsumeMessage, problem: string): Promise<void> {
    try {
      this.#confirming ??= this.#openConfirming()
      const channel = await this.#confirming
      const { content, fields } = message
      // A validated user is refused where it is not this connection's; what expires would be lost.
      const { userId: _user, expiration: _expiration, ...properties } = message.properties
      // It has been to all of these; one of them may be the queue that is read.
      const { CC: _copies, BCC: _hidden, ...headers } = properties.headers ?? {}
      let returned = false
      channel.once('return', () => (returned = true))
      channel.sendToQueue(this.#refused, content, {
        ...properties,
        persistent: true,
        mandatory: true,
        headers: {
          ...headers,
          'pombo-problem': problem,
          'pombo-exchange': fields.exchange,
          'pombo-routing-key': fields.routingKey,
        },
      })
      await channel.waitForConfirms()
      channel.removeAllListeners('return')
      if (returned) {
        const gone = say('dead_letter_gone', { name: this.#refused })
        throw new Declined('missing', gone, { field: 'deadLetter' })
      }
    } catch (error) {
      throw translated(this.#broken ?? error)
    }
  }

  async #openConfirming(): Promise<ConfirmChannel> {
    const channel = await this.#model.createConfirmChannel()
    channel.on('error', (error: Error) => {
      this.#confirming = undefined
      this.#break(error)
    })
    return channel
  }

  #break(error: Error): void {
    if (this.#broken) return
    this.#broken = error
    if (!this.#closing) this.#onEnd(error)
  }

  /** What is not acknowledged goes back to the queue. */
  async close(): Promise<void> {
    this.#closing = true
    const closed = this.#model.close().catch(() => {})
    await waitAtMost(2_000, closed)
  }

  destroy(): void {
    this.#closing = true
    void this.#model.close().catch(() => {})
  }
}

/** Headers of AMQP are of many types; lists and tables are left out, which no gateway sends. */
export function headersOf({ properties }: ConsumeMessage): BrokerMessage['headers'] {
  const headers: BrokerMessage['headers'] = {}
  for (const [name, value] of Object.entries(properties.headers ?? {}))
    if (['string', 'number', 'boolean'].includes(typeof value))
      headers[name.toLowerCase()] = String(value)
  const type: unknown = properties.contentType
  if (typeof type === 'string') headers['content-type'] = type
  return headers
}

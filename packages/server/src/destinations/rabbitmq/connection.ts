import type { ChannelModel, ConfirmChannel, Message } from 'amqplib'
import { Declined } from '../contract/declined.ts'
import type { Connection, Item, Tools } from '../contract/kind.ts'
import { isFixed, nameFor } from '../contract/names.ts'
import { propertiesOf } from '../contract/properties.ts'
import { connect, translated } from './connect.ts'
import type { RabbitmqSettings } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'

export async function open(settings: RabbitmqSettings, tools: Tools): Promise<Connection> {
  const model = await connect(settings, tools)
  try {
    return new Publisher(settings, model, await model.createConfirmChannel())
  } catch (error) {
    void model.close().catch(() => {})
    throw translated(error)
  }
}

interface Waiting {
  /** Why it came back: no queue took it. */
  returned: string | undefined
  reject: (error: unknown) => void
}

class Publisher implements Connection {
  readonly #settings: RabbitmqSettings
  readonly #model: ChannelModel
  readonly #channel: ConfirmChannel
  readonly #waiting = new Map<string, Waiting>()
  readonly #listeners: ((error: Error) => void)[] = []
  #broken: Error | undefined
  /** The broker takes nothing for now, and says why. */
  #blocked: string | undefined

  constructor(settings: RabbitmqSettings, model: ChannelModel, channel: ConfirmChannel) {
    this.#settings = settings
    this.#model = model
    this.#channel = channel
    const broke = (error: Error) => this.#break(error)
    model.on('error', broke)
    model.on('close', () => broke(new Error('RabbitMQ closed the connection')))
    model.on('blocked', (reason) => (this.#blocked = reason))
    model.on('unblocked', () => (this.#blocked = undefined))
    channel.on('error', broke)
    channel.on('close', () => broke(new Error('RabbitMQ closed the channel')))
    // Comes before the confirmation of the same message.
    channel.on('return', ({ fields, properties }: Message) => {
      const waiting = this.#waiting.get(String(properties.correlationId))
      if (waiting) waiting.returned = String((fields as { replyText?: unknown }).replyText)
    })
  }

  /** On a channel of its own, which RabbitMQ closes with its no. */
  async verify(): Promise<void> {
    const { queue, exchange } = this.#settings
    const channel = await this.#model.createChannel()
    channel.on('error', () => {})
    try {
      if (exchange !== undefined) await channel.checkExchange(exchange)
      else if (queue !== undefined && isFixed(queue)) await channel.checkQueue(queue)
      await channel.close()
    } catch (error) {
      throw translated(error, exchange === undefined ? 'queue' : 'exchange')
    }
  }

  async send(item: Item): Promise<string> {
    const { envelope, headers, body } = item
    const { exchange = '', queue, routingKey = '{eventType}', persistent = true } = this.#settings
    if (this.#broken) throw translated(this.#broken)
    if (this.#blocked !== undefined)
      throw new Declined('full', `RabbitMQ takes no messages for now: ${this.#blocked}`)
    const key = nameFor(queue ?? routingKey, envelope)
    const correlationId = `${envelope.deliveryId}.${envelope.attempt}`
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting: Waiting = { returned: undefined, reject }
    this.#waiting.set(correlationId, waiting)
    try {
      this.#channel.publish(
        exchange,
        key,
        body,
        {
          mandatory: true,
          persistent,
          messageId: envelope.id,
          correlationId,
          type: envelope.eventType.slice(0, 255),
          appId: 'pombo',
          timestamp: Math.floor(Date.now() / 1_000),
          contentType: headers['content-type'] ?? 'application/json',
          headers: propertiesOf(item),
        },
        (error: unknown) => {
          if (error === null) resolve()
          else reject(this.#broken ?? new Declined('refused', say('not_stored')))
        },
      )
      await promise
    } catch (error) {
      throw translated(error)
    } finally {
      this.#waiting.delete(correlationId)
    }
    const where = exchange === '' ? `the queue ${key}` : `${exchange} with the routing key ${key}`
    if (waiting.returned !== undefined)
      throw new Declined('missing', say('no_queue_takes', { where, said: waiting.returned }))
    return `confirmed by RabbitMQ for ${where}`
  }

  onBroken(listener: (error: Error) => void): void {
    if (this.#broken) listener(this.#broken)
    else this.#listeners.push(listener)
  }

  async close(): Promise<void> {
    // A broker that hangs is not waited for: the client destroys the socket when its heartbeat is missed.
    await Promise.race([this.#model.close().catch(() => {}), once(1_000)])
  }

  #break(error: Error): void {
    if (this.#broken) return
    this.#broken = error
    for (const { reject } of this.#waiting.values()) reject(error)
    for (const listener of this.#listeners) listener(error)
  }
}

function once(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}

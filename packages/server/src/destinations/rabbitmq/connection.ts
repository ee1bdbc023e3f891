import { setTimeout as sleep } from 'node:timers/promises'
import type { Message } from 'amqplib'
import { Declined } from '../contract/declined.ts'
import type { Connection, Tools } from '../contract/kind.ts'
import { isFixed, nameFor } from '../contract/names.ts'
import { propertiesOf } from '../contract/properties.ts'
import { connect, translated } from './connect.ts'
import type { RabbitmqSettings } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'

interface Waiting {
  /** Why it came back: no queue took it. */
  returned: string | undefined
  reject: (error: unknown) => void
}

export async function open(settings: RabbitmqSettings, tools: Tools): Promise<Connection> {
  const { exchange, queue, routingKey = '{eventType}', persistent = true } = settings
  const model = await connect(settings, tools)
  const channel = await model.createConfirmChannel().catch((error: unknown) => {
    void model.close().catch(() => {})
    throw translated(error)
  })
  const underWay = new Map<string, Waiting>()
  const listeners: ((error: Error) => void)[] = []
  let broken: Error | undefined
  /** The broker takes nothing for now, and says why. */
  let blocked: string | undefined
  const broke = (error: Error): void => {
    if (broken) return
    broken = error
    for (const { reject } of underWay.values()) reject(error)
    for (const listener of listeners) listener(error)
  }
  model.on('error', broke)
  model.on('close', () => broke(new Error('RabbitMQ closed the connection')))
  model.on('blocked', (reason) => (blocked = reason))
  model.on('unblocked', () => (blocked = undefined))
  channel.on('error', broke)
  channel.on('close', () => broke(new Error('RabbitMQ closed the channel')))
  // Comes before the confirmation of the same message.
  channel.on('return', ({ fields, properties }: Message) => {
    const waiting = underWay.get(String(properties.correlationId))
    if (waiting) waiting.returned = String((fields as { replyText?: unknown }).replyText)
  })

  return {
    /** On a channel of its own, which RabbitMQ closes with its no. */
    async verify() {
      const own = await model.createChannel()
      own.on('error', () => {})
      try {
        if (exchange !== undefined) await own.checkExchange(exchange)
        else if (queue !== undefined && isFixed(queue)) await own.checkQueue(queue)
        await own.close()
      } catch (error) {
        throw translated(error, exchange === undefined ? 'queue' : 'exchange')
      }
    },

    async send(item) {
      const { envelope, headers, body } = item
      if (broken) throw translated(broken)
      if (blocked !== undefined)
        throw new Declined('full', `RabbitMQ takes no messages for now: ${blocked}`)
      const key = nameFor(queue ?? routingKey, envelope)
      const correlationId = `${envelope.deliveryId}.${envelope.attempt}`
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const waiting: Waiting = { returned: undefined, reject }
      underWay.set(correlationId, waiting)
      const options = {
        mandatory: true,
        persistent,
        messageId: envelope.id,
        correlationId,
        type: envelope.eventType.slice(0, 255),
        appId: 'pombo',
        timestamp: Math.floor(Date.now() / 1_000),
        contentType: headers['content-type'] ?? 'application/json',
        headers: propertiesOf(item),
      }
      try {
        channel.publish(exchange ?? '', key, body, options, (error: unknown) => {
          if (error === null) resolve()
          else reject(broken ?? new Declined('refused', say('not_stored')))
        })
        await promise
      } catch (error) {
        throw translated(error)
      } finally {
        underWay.delete(correlationId)
      }
      const where = exchange ? `${exchange} with the routing key ${key}` : `the queue ${key}`
      if (waiting.returned !== undefined)
        throw new Declined('missing', say('no_queue_takes', { where, said: waiting.returned }))
      return `confirmed by RabbitMQ for ${where}`
    },

    onBroken(listener) {
      if (broken) listener(broken)
      else listeners.push(listener)
    },

    async close() {
      // A broker that hangs is not waited for: the client destroys the socket when its heartbeat is missed.
      await Promise.race([model.close().catch(() => {}), sleep(1_000, undefined, { ref: false })])
    },
  }
}

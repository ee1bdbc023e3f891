import { randomUUID } from 'node:crypto'
import { connect } from 'amqplib'
import { brokerMissing, never } from '../broker-missing.ts'
import type { Got, Subject } from './subject.ts'

const host = '127.0.0.1:5672'

export async function rabbitmqSubject(): Promise<Subject> {
  const missing = await brokerMissing('RabbitMQ', host)
  const base = { type: 'rabbitmq', missing, host } as const
  if (missing)
    return { ...base, nowhere: undefined, stranger: undefined, place: never, stop: async () => {} }
  const model = await connect(`amqp://guest:guest@${host}`)
  const channel = await model.createChannel()
  const made: string[] = []
  const url = (at: string, password = 'guest') => `amqp://guest:${password}@${at}/%2F`
  return {
    ...base,
    async place() {
      const queue = `pombo-test-${randomUUID()}`
      made.push(queue)
      const got: Got[] = []
      const restore = async () => {
        await channel.assertQueue(queue, { durable: true })
        await channel.consume(
          queue,
          (message) => {
            if (!message) return
            channel.ack(message)
            const { properties, content } = message
            got.push({
              body: content.toString(),
              properties: properties.headers as Record<string, string>,
            })
          },
          { noAck: false },
        )
      }
      await restore()
      return {
        settings: (at = host) => ({ type: 'rabbitmq', url: url(at), queue }),
        got: async () => got,
        remove: async () => void (await channel.deleteQueue(queue)),
        restore,
      }
    },
    nowhere: {
      settings: (at) => ({ type: 'rabbitmq', url: url(at), queue: 'pombo-test-nothing' }),
      field: 'queue',
    },
    stranger: (at) => ({ type: 'rabbitmq', url: url(at, 'wrong'), queue: 'any' }),
    async stop() {
      for (const queue of made) await channel.deleteQueue(queue)
      await model.close()
    },
  }
}

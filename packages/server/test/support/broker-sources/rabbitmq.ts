import { randomUUID } from 'node:crypto'
import { connect } from 'amqplib'
import { until } from '../receiver.ts'
import { brokerMissing, never } from '../broker-missing.ts'
import type { BrokerSettings } from '../../../src/sources/broker/kind.ts'
import type { BrokerSubject } from './subject.ts'

const usual = '127.0.0.1:5672'

/** `queueType`: classic, quorum, stream, or a super stream of two. */
export async function rabbitmqSource(queueType: string, host = usual): Promise<BrokerSubject> {
  const missing = await brokerMissing('RabbitMQ', host)
  const url = (at: string, password = 'guest') => `amqp://guest:${password}@${at}/%2F`
  const isSuper = queueType === 'super stream'
  const member = queueType.endsWith('stream') ? 'stream' : 'queue'
  const settings = (name: string, at = host, password = 'guest'): BrokerSettings => ({
    type: 'rabbitmq',
    url: url(at, password),
    [member]: name,
    ...(isSuper && { partitions: 2 }),
  })
  const partsOf = (name: string) => (isSuper ? [`${name}-0`, `${name}-1`] : [name])
  const base = {
    type: 'rabbitmq',
    missing,
    host,
    nowhere: {
      settings: () => settings('pombo-test-nothing'),
      field: member,
    },
    stranger: () => settings('any', host, 'wrong'),
  }
  if (missing) return { ...base, place: never, stop: async () => {} }
  const model = await connect(url(host))
  // A test may end its server, with all that was made.
  let isGone = false
  model.on('error', () => {})
  model.on('close', () => (isGone = true))
  const channel = await model.createConfirmChannel()
  const made: string[] = []
  return {
    ...base,
    async place() {
      const name = `pombo-test-${randomUUID()}`
      const parts = partsOf(name)
      made.push(...parts, `${name}.refused`)
      for (const part of parts)
        await channel.assertQueue(part, {
          durable: true,
          arguments: { 'x-queue-type': isSuper ? 'stream' : queueType },
        })
      const aside: { body: string; problem: string }[] = []
      return {
        settings: (at = host) => settings(name, at),
        async publish(messages) {
          for (const [i, { body, id, headers }] of messages.entries())
            channel.sendToQueue(parts[i % parts.length]!, Buffer.from(body), {
              persistent: true,
              ...(id !== undefined && { messageId: id }),
              headers,
            })
          await channel.waitForConfirms()
        },
        async refused() {
          const got = await channel.get(`${name}.refused`, { noAck: true })
          if (got)
            aside.push({
              body: got.content.toString(),
              problem: String(got.properties.headers?.['pombo-problem']),
            })
          return aside
        },
        async waiting() {
          if (member === 'stream') return 0
          // With its consumers gone, all that is not acknowledged is counted.
          return (await channel.checkQueue(name)).messageCount
        },
      }
    },
    async stop() {
      if (isGone) return
      for (const name of made)
        await until(async () => {
          await channel.deleteQueue(name)
          return true
        })
      await model.close()
    },
  }
}

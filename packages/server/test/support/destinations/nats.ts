import { randomUUID } from 'node:crypto'
import { connect } from '@nats-io/transport-node'
import { DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { brokerMissing, never } from '../broker-missing.ts'
import type { Got, Subject } from './subject.ts'

const host = '127.0.0.1:4222'

export async function natsSubject(): Promise<Subject> {
  const missing = await brokerMissing('NATS', host)
  // The server of the build machine lets everybody in.
  const base = { type: 'nats', missing, host, stranger: undefined } as const
  if (missing) return { ...base, nowhere: undefined, place: never, stop: async () => {} }
  const connection = await connect({ servers: host })
  const manager = await jetstreamManager(connection)
  const made: string[] = []
  return {
    ...base,
    async place() {
      const name = `POMBO_${randomUUID().replaceAll('-', '')}`
      made.push(name)
      const restore = async () =>
        void (await manager.streams.add({ name, subjects: [`${name}.>`], storage: 'memory' }))
      await restore()
      return {
        settings: (at = host) => ({
          type: 'nats',
          url: `nats://${at}`,
          subject: `${name}.{eventType}`,
          stream: name,
        }),
        async got() {
          const { state } = await manager.streams.info(name)
          if (state.messages === 0) return []
          const consumer = await jetstream(connection).consumers.get(name, {
            deliver_policy: DeliverPolicy.All,
          })
          const got: Got[] = []
          for await (const message of await consumer.fetch({
            max_messages: state.messages,
            expires: 2_000,
          })) {
            const { headers } = message
            got.push({
              body: message.string(),
              properties: Object.fromEntries(
                [...(headers?.keys() ?? [])].map((key) => [key, headers!.get(key)]),
              ),
            })
            if (got.length >= state.messages) break
          }
          return got
        },
        remove: async () => void (await manager.streams.delete(name)),
        restore,
      }
    },
    nowhere: {
      settings: (at) => ({ type: 'nats', url: `nats://${at}`, subject: 'nobody.takes.this' }),
      field: 'subject',
    },
    async stop() {
      for (const name of made) await manager.streams.delete(name).catch(() => {})
      await connection.close()
    },
  }
}

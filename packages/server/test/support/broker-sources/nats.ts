import { randomUUID } from 'node:crypto'
import { connect, headers as natsHeaders } from '@nats-io/transport-node'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { brokerMissing, never } from '../broker-missing.ts'
import type { BrokerSubject } from './subject.ts'

const usual = '127.0.0.1:4222'

export async function natsSource(host = usual): Promise<BrokerSubject> {
  const missing = await brokerMissing('NATS', host)
  const base = {
    type: 'nats',
    missing,
    host,
    nowhere: {
      settings: () => ({ type: 'nats', url: `nats://${host}`, stream: 'POMBO_NOTHING' }) as const,
      field: 'stream',
    },
    // The server of the build machine lets everybody in.
    stranger: undefined,
  }
  if (missing) return { ...base, place: never, stop: async () => {} }
  const connection = await connect({ servers: host })
  const manager = await jetstreamManager(connection)
  const client = jetstream(connection)
  const made: string[] = []
  return {
    ...base,
    async place() {
      const stream = `POMBO_${randomUUID().replaceAll('-', '')}`
      const refused = `POMBO_REFUSED_${stream}`
      made.push(stream, refused)
      await manager.streams.add({ name: stream, subjects: [`${stream}.>`], max_msg_size: -1 })
      return {
        settings: (at = host) => ({ type: 'nats', url: `nats://${at}`, stream }),
        async publish(messages) {
          for (let from = 0; from < messages.length; from += 200)
            await Promise.all(
              messages.slice(from, from + 200).map(async ({ body, headers = {} }) => {
                const properties = natsHeaders()
                for (const [name, value] of Object.entries(headers)) properties.set(name, value)
                await client.publish(`${stream}.any`, body, {
                  headers: properties,
                  timeout: 60_000,
                })
              }),
            )
        },
        async refused() {
          const { state } = await manager.streams.info(refused)
          const found = []
          for (let seq = state.first_seq; seq <= state.last_seq && seq > 0; seq++) {
            const message = await manager.streams.getMessage(refused, { seq })
            if (message)
              found.push({ body: message.string(), problem: message.header.get('pombo-problem') })
          }
          return found
        },
        async waiting() {
          const info = await manager.consumers.info(stream, 'pombo')
          return info.num_pending + info.num_ack_pending
        },
      }
    },
    async stop() {
      for (const name of made) await manager.streams.delete(name).catch(() => {})
      await connection.close()
    },
  }
}

/**
 * RabbitMQ: queues, which it shares out among the nodes, and streams, of which one node at a time reads each (they
 * share those of a super stream). A message is acknowledged after the commit; what cannot be read goes to a queue of
 * its own.
 */
import { shownAddress } from '../../destinations/contract/address.ts'
import { ports, rabbitmqAddress } from '../../destinations/rabbitmq/settings.ts'
import type { BrokerKind } from '../broker/kind.ts'
import { subscriber } from '../broker/subscriber.ts'
import { namesOf, type RabbitmqSource, settings, streamsOf } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'

export const rabbitmq: BrokerKind<RabbitmqSource> = {
  type: 'rabbitmq',
  settings,
  secrets: [],
  problem(given) {
    const { queue, stream, from, partitions, deadLetter = '' } = given
    if ((queue === undefined) === (stream === undefined))
      return { field: 'queue', problem: say('queue_or_stream') }
    if ((queue === undefined ? streamsOf(given) : [queue]).includes(deadLetter))
      return { field: 'deadLetter', problem: say('dead_letter_read') }
    if (stream !== undefined) return undefined
    if (partitions !== undefined)
      return { field: 'partitions', problem: say('partitions_of_streams') }
    return from === undefined ? undefined : { field: 'from', problem: say('from_of_streams') }
  },
  isEncrypted: (given) => rabbitmqAddress(given).scheme === 'amqps',
  address(given) {
    const { vhost } = rabbitmqAddress(given)
    return shownAddress(given.url, ports, ...(vhost === '/' ? [] : [vhost]), namesOf(given).name)
  },
  verify: async (given, tools) => await (await import('./verify.ts')).verify(given, tools),
  async reader(given, tools) {
    if (given.stream !== undefined) {
      const { streamReader } = await import('./stream-reader.ts')
      return subscriber(streamReader(given, tools))
    }
    const { queueReader } = await import('./queue-reader.ts')
    return subscriber(queueReader(given, tools))
  },
}

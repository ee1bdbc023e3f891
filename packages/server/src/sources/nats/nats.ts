/**
 * NATS JetStream: a stream, read by one durable consumer that all nodes share. A message is acknowledged after the
 * commit, and known again by its place in the stream; what cannot be read goes to a subject of its own.
 */
import { shownAddress } from '../../destinations/contract/address.ts'
import { natsAddress, ports } from '../../destinations/nats/settings.ts'
import type { BrokerKind } from '../broker/kind.ts'
import { subscriber } from '../broker/subscriber.ts'
import { type NatsSource, settings } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'

export const nats: BrokerKind<NatsSource> = {
  type: 'nats',
  settings,
  secrets: ['token', 'credentials'],
  problem(given) {
    if (natsAddress(given).path !== '') return { field: 'url', problem: say('url_path') }
    const ways = [new URL(given.url).username || undefined, given.token, given.credentials]
    return ways.filter((way) => way !== undefined).length > 1
      ? { field: 'url', problem: say('one_login_of_url') }
      : undefined
  },
  isEncrypted: (given) => natsAddress(given).scheme === 'tls',
  address: ({ url, stream }) => shownAddress(url, ports, stream),
  verify: async (given, tools) => await (await import('./verify.ts')).verify(given, tools),
  async reader(given, tools) {
    const { natsReader } = await import('./reader.ts')
    return subscriber(natsReader(given, tools))
  },
}

/**
 * Redis for sources of the API: streams, which a consumer group shares out, and lists, whose elements each reader moves
 * to a list of its own. An entry is known again by its id; an element, which has none, by its content.
 */
import { shownAddress } from '../../destinations/contract/address.ts'
import { ports, redisAddress } from '../../destinations/redis/settings.ts'
import type { BrokerKind } from '../broker/kind.ts'
import { type RedisSource, settings } from './broker-settings.ts'
import { say } from '../../core/sentences/sentences.ts'

export const redis: BrokerKind<RedisSource> = {
  type: 'redis',
  settings,
  secrets: [],
  problem({ url, stream, list, group, end, deadLetter }) {
    const { path } = redisAddress({ url })
    if (!/^\d*$/.test(path)) return { field: 'url', problem: say('url_database', { path }) }
    if ((stream === undefined) === (list === undefined))
      return { field: 'stream', problem: say('stream_or_list') }
    if (group !== undefined && stream === undefined)
      return { field: 'group', problem: say('group_of_streams') }
    if (end !== undefined && list === undefined)
      return { field: 'end', problem: say('end_of_lists') }
    return deadLetter === (stream ?? list)
      ? { field: 'deadLetter', problem: say('dead_letter_read') }
      : undefined
  },
  isEncrypted: (given) => redisAddress(given).scheme === 'rediss',
  address: ({ url, stream, list }) => shownAddress(url, ports, stream ?? list!),
  verify: async (given, tools) => await (await import('./broker-verify.ts')).verify(given, tools),
  async reader(given, tools) {
    const { readerOf } = await import('./broker-reader.ts')
    return readerOf(given, tools)
  },
}

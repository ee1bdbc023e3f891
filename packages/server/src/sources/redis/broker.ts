/**
 * Redis for sources of the API: streams, which a consumer group shares out, and lists, whose elements each reader moves
 * to a list of its own. An entry is known again by its id; an element, which has none, by its content.
 */
import { shownAddress } from '../../destinations/contract/address.ts'
import { ports, redisAddress } from '../../destinations/redis/settings.ts'
import type { BrokerKind } from '../broker/kind.ts'
import { type RedisSource, settings } from './broker-settings.ts'

export const redis: BrokerKind<RedisSource> = {
  type: 'redis',
  settings,
  secrets: [],
  problem({ url, stream, list, group, end }) {
    const { path } = redisAddress({ url })
    if (!/^\d*$/.test(path))
      return {
        field: 'url',
        problem: `ends in "/${path}"; behind the slash stands the number of a database`,
      }
    if ((stream === undefined) === (list === undefined))
      return { field: 'stream', problem: 'or list is needed, and not both' }
    if (group !== undefined && stream === undefined)
      return { field: 'group', problem: 'is for streams; readers of a list need none' }
    return end !== undefined && list === undefined
      ? { field: 'end', problem: 'is for lists; a stream is read in its order' }
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

/** Redis Streams: one XADD a message. Confirmed once Redis answers with the entry's id. */
import { shownAddress } from '../contract/address.ts'
import type { DestinationKind } from '../contract/kind.ts'
import { ports, redisAddress, type RedisSettings, settings } from './settings.ts'

export const redis: DestinationKind<RedisSettings> = {
  type: 'redis',
  settings,
  secrets: [],
  problem(given) {
    const { path } = redisAddress(given)
    return /^\d*$/.test(path)
      ? undefined
      : {
          field: 'url',
          problem: `ends in "/${path}"; behind the slash stands the number of a database`,
        }
  },
  isEncrypted: (given) => redisAddress(given).scheme === 'rediss',
  address: ({ url, stream }) => shownAddress(url, ports, stream),
  open: async (given, tools) => await (await import('./connection.ts')).open(given, tools),
}

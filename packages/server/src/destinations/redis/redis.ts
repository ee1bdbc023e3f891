/** Redis Streams: one XADD a message. Confirmed once Redis answers with the entry's id. */
import { shownAddress } from '../contract/address.ts'
import type { DestinationKind } from '../contract/kind.ts'
import { ports, redisAddress, type RedisSettings, settings } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'

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
          problem: say('url_database', { path }),
        }
  },
  isEncrypted: (given) => redisAddress(given).scheme === 'rediss',
  address: ({ url, stream }) => shownAddress(url, ports, stream),
  open: async (given, tools) => await (await import('./connection.ts')).open(given, tools),
}

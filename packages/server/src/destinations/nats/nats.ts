/** NATS JetStream: to the stream that takes the subject. Confirmed by the stream's own acknowledgement. */
import { shownAddress } from '../contract/address.ts'
import type { DestinationKind } from '../contract/kind.ts'
import { natsAddress, type NatsSettings, ports, settings } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'

export const nats: DestinationKind<NatsSettings> = {
  type: 'nats',
  settings,
  secrets: ['token', 'credentials'],
  problem(given) {
    const { username, password, path } = natsAddress(given)
    if (path !== '') return { field: 'url', problem: say('url_path') }
    if (username !== undefined && password === undefined)
      return { field: 'url', problem: say('url_user_alone') }
    const ways = [username, given.token, given.credentials].filter((way) => way !== undefined)
    return ways.length > 1 ? { field: 'token', problem: say('one_login') } : undefined
  },
  isEncrypted: (given) => natsAddress(given).scheme === 'tls',
  address: ({ url, subject }) => shownAddress(url, ports, subject),
  open: async (given, tools) => await (await import('./connection.ts')).open(given, tools),
}

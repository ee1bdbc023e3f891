/** NATS JetStream: to the stream that takes the subject. Confirmed by the stream's own acknowledgement. */
import { shownAddress } from '../contract/address.ts'
import type { DestinationKind } from '../contract/kind.ts'
import { natsAddress, type NatsSettings, ports, settings } from './settings.ts'

export const nats: DestinationKind<NatsSettings> = {
  type: 'nats',
  settings,
  secrets: ['token', 'credentials'],
  problem(given) {
    const { username, password, path } = natsAddress(given)
    if (path !== '') return { field: 'url', problem: 'takes nothing behind the host and the port' }
    if (username !== undefined && password === undefined)
      return { field: 'url', problem: 'has a user and no password; a token goes into token' }
    const ways = [username, given.token, given.credentials].filter((way) => way !== undefined)
    return ways.length > 1
      ? { field: 'token', problem: 'user and password, token, credentials: give one of them' }
      : undefined
  },
  isEncrypted: (given) => natsAddress(given).scheme === 'tls',
  address: ({ url, subject }) => shownAddress(url, ports, subject),
  open: async (given, tools) => await (await import('./connection.ts')).open(given, tools),
}

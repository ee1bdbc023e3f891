/** A row of a customer's table. Confirmed by its database's commit; a repeat meets the row that is there already. */
import { shownAddress } from '../contract/address.ts'
import type { DestinationKind } from '../contract/kind.ts'
import { ports, postgresAddress, type PostgresSettings, settings, sslModes } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'

export const postgres: DestinationKind<PostgresSettings> = {
  type: 'postgres',
  settings,
  secrets: [],
  problem(given) {
    const { sslMode, username, path } = postgresAddress(given)
    if (!sslModes.includes(sslMode))
      return { field: 'url', problem: say('url_sslmode', { options: sslModes.join(', ') }) }
    if (username === undefined || path === '')
      return { field: 'url', problem: say('url_user_and_database') }
    return undefined
  },
  isEncrypted: (given) => postgresAddress(given).sslMode !== 'disable',
  address: (given) => shownAddress(given.url, ports, postgresAddress(given).path, given.table),
  open: async (given, tools) => await (await import('./store.ts')).open(given, tools),
}

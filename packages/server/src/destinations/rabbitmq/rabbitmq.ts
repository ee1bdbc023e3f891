/** RabbitMQ: to a queue, or to an exchange. Confirmed by the broker (publisher confirms), after a queue has it. */
import { shownAddress } from '../contract/address.ts'
import type { DestinationKind } from '../contract/kind.ts'
import { ports, rabbitmqAddress, type RabbitmqSettings, settings } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'

export const rabbitmq: DestinationKind<RabbitmqSettings> = {
  type: 'rabbitmq',
  settings,
  secrets: [],
  problem({ queue, exchange, routingKey }) {
    if (queue === undefined && exchange === undefined)
      return { field: 'queue', problem: say('queue_or_exchange') }
    if (queue !== undefined && (exchange !== undefined || routingKey !== undefined))
      return {
        field: 'queue',
        problem: say('queue_beside_exchange'),
      }
    return undefined
  },
  isEncrypted: (given) => rabbitmqAddress(given).scheme === 'amqps',
  address: (given) =>
    shownAddress(
      given.url,
      ports,
      ...(rabbitmqAddress(given).vhost === '/' ? [] : [rabbitmqAddress(given).vhost]),
      given.queue ?? given.exchange ?? '',
    ),
  open: async (given, tools) => await (await import('./connection.ts')).open(given, tools),
}

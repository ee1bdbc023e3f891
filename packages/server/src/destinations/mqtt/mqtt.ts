/** MQTT 5. Confirmed by the broker's acknowledgement (PUBACK, PUBCOMP), which needs nobody to have subscribed. */
import { shownAddress } from '../contract/address.ts'
import type { DestinationKind } from '../contract/kind.ts'
import { mqttAddress, type MqttSettings, ports, settings } from './settings.ts'

export const mqtt: DestinationKind<MqttSettings> = {
  type: 'mqtt',
  settings,
  secrets: [],
  problem(given) {
    if (mqttAddress(given).path !== '')
      return { field: 'url', problem: 'takes nothing behind the host and the port' }
    return /[#+]/.test(given.topic)
      ? { field: 'topic', problem: 'may not hold # or +, which are for subscribers' }
      : undefined
  },
  isEncrypted: (given) => mqttAddress(given).scheme === 'mqtts',
  address: ({ url, topic }) => shownAddress(url, ports, topic),
  open: async (given, tools) => await (await import('./connection.ts')).open(given, tools),
}

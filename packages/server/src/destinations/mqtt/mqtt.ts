/** MQTT 5. Confirmed by the broker's acknowledgement (PUBACK, PUBCOMP), which needs nobody to have subscribed. */
import { shownAddress } from '../contract/address.ts'
import type { DestinationKind } from '../contract/kind.ts'
import { mqttAddress, type MqttSettings, ports, settings } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'

export const mqtt: DestinationKind<MqttSettings> = {
  type: 'mqtt',
  settings,
  secrets: [],
  problem(given) {
    if (mqttAddress(given).path !== '') return { field: 'url', problem: say('url_path') }
    return /[#+]/.test(given.topic)
      ? { field: 'topic', problem: say('topic_wildcards') }
      : undefined
  },
  isEncrypted: (given) => mqttAddress(given).scheme === 'mqtts',
  address: ({ url, topic }) => shownAddress(url, ports, topic),
  open: async (given, tools) => await (await import('./connection.ts')).open(given, tools),
}

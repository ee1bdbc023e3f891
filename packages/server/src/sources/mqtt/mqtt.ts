/**
 * MQTT 5: a shared subscription of all nodes, in sessions that the broker keeps while their node is gone. A message of
 * QoS 1 or 2 is acknowledged after the commit; what cannot be read becomes a retained message below a topic of its own.
 */
import { shownAddress } from '../../destinations/contract/address.ts'
import { mqttAddress, ports } from '../../destinations/mqtt/settings.ts'
import type { BrokerKind } from '../broker/kind.ts'
import { subscriber } from '../broker/subscriber.ts'
import { type MqttSource, settings } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'

export const mqtt: BrokerKind<MqttSource> = {
  type: 'mqtt',
  keeps: true,
  settings,
  secrets: [],
  problem(given) {
    if (mqttAddress(given).path !== '') return { field: 'url', problem: say('url_path') }
    if (/(^|\/)[^/]+#|#.|[^/]\+|\+[^/]/.test(given.topic))
      return { field: 'topic', problem: say('topic_levels') }
    return given.topic.startsWith('$')
      ? { field: 'topic', problem: say('topic_dollar') }
      : undefined
  },
  isEncrypted: (given) => mqttAddress(given).scheme === 'mqtts',
  address: ({ url, topic }) => shownAddress(url, ports, topic),
  verify: async (given, tools) => await (await import('./session.ts')).verify(given, tools),
  async reader(given, tools) {
    const { mqttReader } = await import('./reader.ts')
    return subscriber(await mqttReader(given, tools))
  },
}

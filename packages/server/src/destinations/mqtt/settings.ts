import { z } from 'zod'
import { addressOf, urlSetting } from '../contract/address.ts'
import { nameSetting } from '../contract/names.ts'

export const settings = z
  .object({
    type: z.literal('mqtt'),
    url: urlSetting(['mqtt', 'mqtts'], 'mqtts://user:password@mqtt.example.com:8883'),
    topic: nameSetting('The topic', 'shop/{app}/{eventType}'),
    qos: z
      .union([z.literal(1), z.literal(2)])
      .optional()
      .meta({ description: '1: at least once (default); 2: exactly once. Both are confirmed' }),
    retain: z
      .boolean()
      .optional()
      .meta({ description: 'The broker keeps the last message of a topic; default false' }),
  })
  .meta({ title: 'MQTT 5' })

export type MqttSettings = z.output<typeof settings>

export const ports = { mqtt: 1883, mqtts: 8883 }

export function mqttAddress({ url }: { url: string }) {
  return addressOf(url, ports)
}

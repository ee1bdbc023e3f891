import { z } from 'zod'
import { urlSetting } from '../../destinations/contract/address.ts'
import { brokerName, commonSettings } from '../broker/common-settings.ts'
import { say } from '../../core/sentences/sentences.ts'

export const settings = z
  .object({
    type: z.literal('mqtt'),
    url: urlSetting(['mqtt', 'mqtts'], 'mqtts://user:password@mqtt.example.com:8883'),
    topic: brokerName('The topics, with + and # for any', 'shop/+/orders/#'),
    group: z
      .string()
      .regex(/^[^/+#\s]{1,128}$/, say('group_name'))
      .optional()
      .meta({
        description: 'The shared subscription of all nodes; default pombo',
        examples: ['pombo'],
      }),
    deadLetter: z
      .string()
      .regex(/^[^+#\0]{1,200}$/, say('topic_plain'))
      .optional()
      .meta({
        description:
          'Below this topic stands what cannot be read, each a retained message; default pombo/refused/<group>',
        examples: ['shop/refused'],
      }),
    ...commonSettings,
  })
  .meta({ title: 'MQTT 5' })

export type MqttSource = z.output<typeof settings>

export function namesOf({ group = 'pombo', deadLetter }: MqttSource) {
  return { group, refused: deadLetter ?? `pombo/refused/${group}` }
}

import { randomUUID } from 'node:crypto'
import { connectAsync, type MqttClient } from 'mqtt'
import { brokerMissing, never } from '../broker-missing.ts'
import type { BrokerSubject } from './subject.ts'

const usual = '127.0.0.1:1883'

export async function mqttSource(host = usual): Promise<BrokerSubject> {
  const missing = await brokerMissing('MQTT broker', host)
  // A topic is there as soon as it is named, and the broker of the build machine lets everybody in.
  const base = {
    type: 'mqtt',
    missing,
    host,
    nowhere: undefined,
    stranger: undefined,
    // Of one session; Mosquitto drops what is more.
    most: 900,
  }
  if (missing) return { ...base, place: never, stop: async () => {} }
  const client: MqttClient = await connectAsync(`mqtt://${host}`, { protocolVersion: 5 })
  const made: string[] = []
  const aside = new Map<string, { topic: string; body: string; problem: string }[]>()
  client.on('message', (topic, payload, { properties }) => {
    const place = topic.split('/')[1]!
    const { 'pombo-problem': problem = '' } = properties?.userProperties ?? {}
    if (payload.length > 0)
      aside.get(place)?.push({ topic, body: payload.toString(), problem: String(problem) })
  })
  return {
    ...base,
    async place() {
      const id = randomUUID()
      made.push(id)
      aside.set(id, [])
      await client.subscribeAsync(`pombo-test/${id}/refused/#`, { qos: 1 })
      return {
        settings: (at = host) => ({
          type: 'mqtt',
          url: `mqtt://${at}`,
          topic: `pombo-test/${id}/events/#`,
          deadLetter: `pombo-test/${id}/refused`,
        }),
        async publish(messages) {
          for (let from = 0; from < messages.length; from += 100)
            await Promise.all(
              messages.slice(from, from + 100).map(async ({ body, id: own, headers = {} }) => {
                const userProperties = {
                  ...headers,
                  ...(own !== undefined && { 'message-id': own }),
                }
                // An empty list of them is written as no list at all, which brokers end the connection for.
                const properties = Object.keys(userProperties).length > 0 && { userProperties }
                const options = { qos: 1, ...(properties && { properties }) } as const
                return await client.publishAsync(`pombo-test/${id}/events/one`, body, options)
              }),
            )
        },
        refused: async () => aside.get(id)!,
        // What a session has is the broker's secret.
        waiting: async () => 0,
      }
    },
    async stop() {
      for (const all of aside.values())
        for (const { topic } of all) await client.publishAsync(topic, '', { qos: 1, retain: true })
      await client.endAsync(true)
    },
  }
}

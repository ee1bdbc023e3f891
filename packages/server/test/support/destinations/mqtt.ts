import { randomUUID } from 'node:crypto'
import { connectAsync } from 'mqtt'
import { brokerMissing, never } from '../broker-missing.ts'
import type { Got, Subject } from './subject.ts'

const host = '127.0.0.1:1883'

export async function mqttSubject(): Promise<Subject> {
  const missing = await brokerMissing('MQTT broker', host)
  // A topic is there as soon as it is named, and the broker of the build machine lets everybody in.
  const base = { type: 'mqtt', missing, host, nowhere: undefined, stranger: undefined } as const
  if (missing) return { ...base, place: never, stop: async () => {} }
  const client = await connectAsync(`mqtt://${host}`, { protocolVersion: 5 })
  const places = new Map<string, Got[]>()
  client.on('message', (topic, payload, { properties }) => {
    const given = properties?.userProperties ?? {}
    places.get(topic.split('/')[1]!)?.push({
      body: payload.toString(),
      properties: given as unknown as Record<string, string>,
    })
  })
  return {
    ...base,
    async place() {
      const id = randomUUID()
      const got: Got[] = []
      places.set(id, got)
      await client.subscribeAsync(`pombo-test/${id}/#`, { qos: 1 })
      return {
        settings: (at = host) => ({
          type: 'mqtt',
          url: `mqtt://${at}`,
          topic: `pombo-test/${id}/{eventType}`,
        }),
        got: async () => got,
      }
    },
    async stop() {
      await client.endAsync(true)
    },
  }
}

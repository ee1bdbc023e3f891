// Brokers of a source that are killed in the middle of their batches, and come back with what they had.
import { afterEach, expect, test } from 'vitest'
import {
  programMissing,
  rabbitmqProgram,
  startMosquitto,
  startNats,
  startRabbitmq,
} from '../support/broker-process.ts'
import { mqttSource } from '../support/broker-sources/mqtt.ts'
import { natsSource } from '../support/broker-sources/nats.ts'
import { rabbitmqSource } from '../support/broker-sources/rabbitmq.ts'
import { redisSource } from '../support/broker-sources/redis.ts'
import type { BrokerSubject } from '../support/broker-sources/subject.ts'
import { startPombo } from '../support/pombo-app.ts'
import { until } from '../support/receiver.ts'
import { redisMissing, startRedis } from '../support/redis-server.ts'

interface Running {
  host: string
  end(signal: 'SIGKILL'): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
  settle?(): void
}

const startRedisBroker = async (): Promise<Running> => {
  const server = await startRedis()
  return { ...server, host: `127.0.0.1:${server.port}`, end: async () => await server.kill() }
}

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

type Open = (host: string) => Promise<BrokerSubject>

/** Every way of reading a broker, from one server. */
const cases: [string, () => string | undefined, () => Promise<Running>, Open[]][] = [
  [
    'RabbitMQ: classic and quorum queues and streams',
    () => programMissing(rabbitmqProgram),
    startRabbitmq,
    ['classic', 'quorum', 'super stream'].map((type) => (host) => rabbitmqSource(type, host)),
  ],
  ['NATS', () => programMissing('nats-server'), startNats, [natsSource]],
  ['Mosquitto', () => programMissing('mosquitto'), startMosquitto, [mqttSource]],
  [
    'Redis: streams and lists',
    () => redisMissing,
    startRedisBroker,
    [(host) => redisSource('stream', host), (host) => redisSource('list', host)],
  ],
]

const total = 800
const numbers = Array.from({ length: total }, (_, i) => i)

test.for(cases)(
  '%s: killed with kill -9 while it is read, nothing is lost and nothing is twice',
  { timeout: 300_000 },
  async ([, missing, start, opens], context) => {
    const why = missing()
    if (why !== undefined) context.skip(why)
    const broker = await start()
    stops.push(() => broker.stop())
    const pombo = await startPombo()
    stops.push(() => pombo.stop())
    const call = async (method: string, path: string, body?: unknown) =>
      await pombo.call(method, path, { body, headers: { authorization: `Bearer ${pombo.key}` } })
    const stored = async (app: string) => {
      const { rows } = await pombo.database.pool.query<{ payload: string }>(
        'select payload from message m join app a on a.id = m.app_id where a.uid = $1',
        [app],
      )
      return rows.map(({ payload }) => Number(payload)).toSorted((a, b) => a - b)
    }
    const apps = await Promise.all(
      opens.map(async (open, i) => {
        const subject = await open(broker.host)
        stops.push(() => subject.stop())
        const place = await subject.place()
        const uid = `app-${i}`
        await call('POST', '/api/v1/app', { name: uid, uid })
        const made = await call('POST', `/api/v1/app/${uid}/source`, {
          gateway: 'events',
          broker: { ...place.settings(), batch: 10 },
        })
        expect(made.status, made.text).toBe(201)
        await until(async () => {
          const { body } = await call('GET', `/api/v1/app/${uid}/source/${made.body.id}`)
          return body.reading.state === 'reading'
        })
        return { uid, place }
      }),
    )
    const events = numbers.map((i) => ({
      body: JSON.stringify({ eventType: 'x', payload: i }),
      // A broker that dies may not know any more what it had handed out.
      id: `event-${i}`,
    }))
    await Promise.all(apps.map(async ({ place }) => await place.publish(events)))
    for (const { uid } of apps) await until(async () => (await stored(uid)).length > 50)
    broker.settle?.()
    await broker.end('SIGKILL')
    await broker.start()
    for (const { uid } of apps) {
      await until(async () => (await stored(uid)).length >= total, 120_000)
      expect(await stored(uid)).toEqual(numbers)
    }
  },
)

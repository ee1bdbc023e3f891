// What replays need: deliveries that were missed, and how a replay ended.
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { showId } from '../../src/core/id.ts'
import type { EndpointSettings } from '../../src/registry/endpoints/settings.ts'
import { startApi, type TestApi } from './api-server.ts'
import { type Receiver, startReceiver, until } from './receiver.ts'

/** A server; each test has a receiver and an app of its own. */
export function replayTests() {
  let api: TestApi
  let receiver: Receiver
  let appId: string
  let scope: { tenantId: string; appId: string }
  const since = new Date(Date.now() - 3_600_000).toISOString()

  beforeAll(async () => {
    api = await startApi()
  })
  afterAll(() => api.stop())
  beforeEach(async () => {
    receiver = await startReceiver()
    const app = await api.node.registry.apps.create(api.tenantId, { name: 'app' })
    appId = showId('app', app.id)
    scope = { tenantId: api.tenantId, appId: app.id }
  })
  afterEach(() => receiver.close())

  const endpoint = (settings: Partial<EndpointSettings> = {}) =>
    api.node.registry.endpoints.create(scope, { url: receiver.url, ...settings })
  const accept = (eventType: string, payload: unknown) =>
    api.node.engine.ingest.accept({ ...scope, eventType, payload: JSON.stringify(payload) })
  const bodies = () => receiver.received.map(({ body }) => JSON.parse(body) as unknown)

  async function replay(body: object) {
    const started = await api.call('POST', '/api/v1/replay', { body: { appId, since, ...body } })
    expect(started.status).toBe(202)
    return started.body as { id: string; status: string; task: string }
  }
  async function taskOf(id: string) {
    return (await api.call('GET', `/api/v1/background-task/${id}`)).body
  }
  async function finished(id: string) {
    return await until(async () => {
      const task = await taskOf(id)
      return task.status === 'running' ? undefined : task
    })
  }
  const closed = async (count: number) =>
    await until(
      async () =>
        (
          await api.database.pool.query(
            'select 1 from history where app_id = $1 and state is not null',
            [scope.appId],
          )
        ).rowCount! >= count,
    )

  /** Messages that were not sent, since the endpoint was disabled; it is enabled when this returns. */
  async function missed(count: number, settings: Partial<EndpointSettings> = {}) {
    const { id } = await endpoint({ disabled: true, ...settings })
    await api.node.engine.ingest.acceptMany(
      Array.from({ length: count }, (_, n) => ({
        ...scope,
        eventType: 'a',
        payload: String(n),
      })),
    )
    await api.node.registry.endpoints.enable(scope, showId('endpoint', id))
    return id
  }

  return {
    since,
    endpoint,
    accept,
    bodies,
    replay,
    taskOf,
    finished,
    closed,
    missed,
    get api() {
      return api
    },
    get receiver() {
      return receiver
    },
    get appId() {
      return appId
    },
    get scope() {
      return scope
    },
    set scope(other) {
      scope = other
    },
  }
}

// Longer than 300 lines: a list, one step after the other, of what a client can do.
import { strict as assert } from 'node:assert'
import { createHmac } from 'node:crypto'

/** What the steps of one client's walk share: ids of what they made. */
export interface Walk {
  /** A receiver that answers 200, and what it got. */
  receiver: { url: string; got: { path: string; headers: Record<string, unknown>; body: string }[] }
  app: string
  endpoint: string
  message: string
  attempt: string
  /** A polling endpoint, an integration, and an API token. */
  poller: string
  integration: string
  token: string
  task: string
  operational: string
  /** A token of the application's portal. */
  portal: string
  /** Differs for each client. */
  mark: string
  /** What no client can do: a request of its own, that has to succeed. */
  ask(method: string, path: string, body: unknown): Promise<Record<string, unknown>>
  until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T>
}

type Shape = Record<string, unknown>
export type Invoke = (...args: unknown[]) => Promise<Shape>

/** One thing that clients do. `methods`: its names over the generations; the first that a client has is called. */
export interface Step {
  methods: string[]
  /** With the token of an application's portal in place of the key. */
  inPortal?: true
  run(invoke: Invoke, walk: Walk): Promise<void>
}

const step = (methods: string | string[], run: Step['run']): Step => ({
  methods: [methods].flat(),
  run,
})
const listOf = (page: Shape): Shape[] => {
  assert.ok(Array.isArray(page['data']), 'a list has data')
  assert.equal(typeof page['done'], 'boolean')
  return page['data'] as Shape[]
}
const eventually = 15_000

/** What clients have under one name, and some of them under an older one beside it. */
function underBoth(groups: string[], all: [names: string[], run: Step['run']][]): Step[] {
  return groups.flatMap((group) =>
    all.map(([names, run]) =>
      step(
        names.map((name) => `${group}.${name}`),
        run,
      ),
    ),
  )
}

/** Signs as documented, without any client: `id.timestamp.body` under the secret's bytes. */
function signature(secret: string, id: string, timestamp: string, body: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}

export const steps: Step[] = [
  step('health.get', async (invoke) => {
    await invoke()
  }),
  step('eventType.create', async (invoke, { mark }) => {
    for (const name of ['invoice.paid', 'password.reset']) {
      const made = await invoke({ name: `${name}.${mark}`, description: 'of the conformance run' })
      assert.equal(made['name'], `${name}.${mark}`)
    }
  }),
  step('eventType.get', async (invoke, { mark }) => {
    assert.equal((await invoke(`invoice.paid.${mark}`))['archived'], false)
  }),
  step('eventType.list', async (invoke) => {
    assert.ok(listOf(await invoke({ limit: 2 })).length <= 2)
  }),
  step(['eventType.update', 'eventType.upsert'], async (invoke, { mark }) => {
    const put = await invoke(`invoice.paid.${mark}`, { description: 'changed' })
    assert.equal(put['description'], 'changed')
  }),
  step('eventType.patch', async (invoke, { mark }) => {
    const patched = await invoke(`invoice.paid.${mark}`, { description: 'again' })
    assert.equal(patched['description'], 'again')
  }),
  step(['eventType.importOpenApi', 'eventType.importOpenapi'], async (invoke, { mark }) => {
    const spec = { openapi: '3.1.0', info: { title: 't', version: '1' }, webhooks: {} as Shape }
    spec.webhooks[`imported.${mark}`] = { post: { description: 'imported' } }
    await invoke({ spec })
  }),
  step('application.create', async (invoke, walk) => {
    const made = await invoke({ name: 'app', uid: `app-${walk.mark}` })
    assert.match(String(made['id']), /^app_/)
    walk.app = String(made['id'])
  }),
  step('application.getOrCreate', async (invoke, walk) => {
    assert.equal((await invoke({ name: 'app', uid: `app-${walk.mark}` }))['id'], walk.app)
  }),
  step('application.get', async (invoke, walk) => {
    assert.equal((await invoke(`app-${walk.mark}`))['id'], walk.app)
  }),
  step(['application.update', 'application.upsert'], async (invoke, walk) => {
    const put = await invoke(walk.app, { name: 'renamed', uid: `app-${walk.mark}` })
    assert.equal(put['name'], 'renamed')
  }),
  step('application.patch', async (invoke, walk) => {
    // 1.x says rateLimit, 2.x throttleRate.
    const name = walk.mark.startsWith('1') ? 'rateLimit' : 'throttleRate'
    assert.equal((await invoke(walk.app, { [name]: 5_000 }))[name], 5_000)
  }),
  step('application.list', async (invoke) => {
    assert.ok(listOf(await invoke({ limit: 1, order: 'descending' })).length === 1)
  }),
  step('endpoint.create', async (invoke, walk) => {
    const types = [`invoice.paid.${walk.mark}`]
    const made = await invoke(walk.app, {
      url: `${walk.receiver.url}/${walk.mark}`,
      description: 'main',
      version: 1,
      // 1.x says filterTypes, 2.x eventTypes.
      ...(walk.mark.startsWith('1') ? { filterTypes: types } : { eventTypes: types }),
      channels: ['c1'],
      metadata: { a: 'b' },
    })
    walk.endpoint = String(made['id'])
    assert.deepEqual(made['filterTypes'] ?? made['eventTypes'], types)
  }),
  step('endpoint.get', async (invoke, walk) => {
    const got = await invoke(walk.app, walk.endpoint)
    assert.deepEqual(got['filterTypes'] ?? got['eventTypes'], [`invoice.paid.${walk.mark}`])
    assert.deepEqual(got['metadata'], { a: 'b' })
  }),
  step('endpoint.list', async (invoke, walk) => {
    assert.equal(listOf(await invoke(walk.app))[0]?.['id'], walk.endpoint)
  }),
  step(['endpoint.update', 'endpoint.upsert'], async (invoke, walk) => {
    const types = [`invoice.paid.${walk.mark}`]
    const put = await invoke(walk.app, walk.endpoint, {
      url: `${walk.receiver.url}/${walk.mark}`,
      description: 'put',
      version: 1,
      ...(walk.mark.startsWith('1') ? { filterTypes: types } : { eventTypes: types }),
    })
    assert.equal(put['description'], 'put')
    assert.deepEqual(put['filterTypes'] ?? put['eventTypes'], types)
  }),
  step('endpoint.patch', async (invoke, walk) => {
    const patched = await invoke(walk.app, walk.endpoint, { description: 'patched' })
    assert.equal(patched['description'], 'patched')
    assert.deepEqual(patched['filterTypes'] ?? patched['eventTypes'], [`invoice.paid.${walk.mark}`])
  }),
  step('endpoint.getSecret', async (invoke, walk) => {
    assert.match(String((await invoke(walk.app, walk.endpoint))['key']), /^whsec_/)
  }),
  step('endpoint.rotateSecret', async (invoke, walk) => {
    await invoke(walk.app, walk.endpoint, {})
  }),
  step(
    ['endpoint.updateHeaders', 'endpoint.headersUpdate', 'endpoint.setHeaders'],
    async (invoke, walk) => {
      await invoke(walk.app, walk.endpoint, { headers: { 'X-Mark': walk.mark } })
    },
  ),
  step(['endpoint.patchHeaders', 'endpoint.headersPatch'], async (invoke, walk) => {
    await invoke(walk.app, walk.endpoint, { headers: { 'X-More': 'yes' } })
  }),
  step('endpoint.getHeaders', async (invoke, walk) => {
    assert.equal(((await invoke(walk.app, walk.endpoint))['headers'] as Shape)['X-More'], 'yes')
  }),
  step('message.create', async (invoke, walk) => {
    const send = (type: string, more: object = {}) =>
      invoke(walk.app, {
        eventType: `${type}.${walk.mark}`,
        payload: { mark: walk.mark, n: 1 },
        ...more,
      })
    const made = await send('invoice.paid', { eventId: `evt-${walk.mark}`, tags: ['t1'] })
    walk.message = String(made['id'])
    assert.match(walk.message, /^msg_/)
    // What it did not subscribe to must not come.
    await send('password.reset')
    const got = await walk.until('the delivery', () =>
      walk.receiver.got.find(({ path }) => path === `/${walk.mark}`),
    )
    assert.equal(got.headers['x-mark'], walk.mark)
    await new Promise((resolve) => setTimeout(resolve, 300))
    const all = walk.receiver.got.filter(({ path }) => path === `/${walk.mark}`)
    assert.equal(all.length, 1, 'an endpoint got what it had not asked for')
  }),
  step('endpoint.getSecret', async (invoke, walk) => {
    const { headers, body } = walk.receiver.got.find(({ path }) => path === `/${walk.mark}`)!
    const key = String((await invoke(walk.app, walk.endpoint))['key'])
    const id = String(headers['webhook-id'])
    const wanted = signature(key, id, String(headers['webhook-timestamp']), body)
    assert.ok(String(headers['webhook-signature']).split(' ').includes(wanted))
  }),
  step('message.get', async (invoke, walk) => {
    assert.equal((await invoke(walk.app, walk.message))['eventId'], `evt-${walk.mark}`)
  }),
  step('message.list', async (invoke, walk) => {
    const types = [`invoice.paid.${walk.mark}`]
    const rows = listOf(await invoke(walk.app, { eventTypes: types, tag: 't1' }))
    assert.deepEqual(
      rows.map((row) => row['id']),
      [walk.message],
    )
  }),
  step('message.precheck', async (invoke, walk) => {
    const { active } = await invoke(walk.app, { eventType: `invoice.paid.${walk.mark}` })
    assert.equal(active, true)
  }),
  step(['messageAttempt.listByMsg', 'messageAttempt.list'], async (invoke, walk) => {
    const rows = await walk.until('the attempt', async () => {
      const found = listOf(await invoke(walk.app, walk.message))
      return found.length > 0 ? found : undefined
    })
    walk.attempt = String(rows[0]!['id'])
    assert.equal(rows[0]!['status'], 0)
  }),
  step('messageAttempt.listByEndpoint', async (invoke, walk) => {
    const of = async (type: string) =>
      listOf(await invoke(walk.app, walk.endpoint, { eventTypes: [`${type}.${walk.mark}`] })).length
    assert.equal(await of('invoice.paid'), 1)
    assert.equal(await of('password.reset'), 0)
  }),
  step('messageAttempt.get', async (invoke, walk) => {
    assert.equal((await invoke(walk.app, walk.message, walk.attempt))['id'], walk.attempt)
  }),
  step('messageAttempt.listAttemptedMessages', async (invoke, walk) => {
    assert.equal(listOf(await invoke(walk.app, walk.endpoint))[0]?.['id'], walk.message)
  }),
  step('messageAttempt.listAttemptedDestinations', async (invoke, walk) => {
    assert.equal(listOf(await invoke(walk.app, walk.message))[0]?.['id'], walk.endpoint)
  }),
  step('messageAttempt.listAttemptsForEndpoint', async (invoke, walk) => {
    assert.equal(listOf(await invoke(walk.app, walk.message, walk.endpoint)).length, 1)
  }),
  step('messageAttempt.resend', async (invoke, walk) => {
    const before = walk.receiver.got.length
    await invoke(walk.app, walk.message, walk.endpoint)
    await walk.until('the delivery again', () => walk.receiver.got[before])
  }),
  step('endpoint.sendExample', async (invoke, walk) => {
    const made = await invoke(walk.app, walk.endpoint, { eventType: `invoice.paid.${walk.mark}` })
    assert.match(String(made['id']), /^msg_/)
  }),
  step('endpoint.getStats', async (invoke, walk) => {
    const { success } = await invoke(walk.app, walk.endpoint)
    assert.ok(Number(success) >= 1)
  }),
  step('endpoint.recover', async (invoke, walk) => {
    await invoke(walk.app, walk.endpoint, { since: new Date(Date.now() - 60_000) })
  }),
  step('endpoint.replayMissing', async (invoke, walk) => {
    const given = { since: new Date(Date.now() - 60_000) }
    // The first clients throw the answer away.
    const task = (await invoke(walk.app, walk.endpoint, given)) as Shape | undefined
    assert.equal(task?.['task'] ?? 'endpoint.replay', 'endpoint.replay')
  }),
  step('endpoint.bulkReplay', async (invoke, walk) => {
    const task = await invoke(walk.app, walk.endpoint, { since: new Date(Date.now() - 60_000) })
    assert.equal(task['task'], 'endpoint.bulk-replay')
  }),
  step('endpoint.oauthUpdate', async (invoke, walk) => {
    await invoke(walk.app, walk.endpoint, {
      authMethod: 'clientSecretPost',
      grantType: 'clientCredentials',
      clientId: 'c',
      clientSecret: 's',
      tokenUrl: `${walk.receiver.url}/token`,
    })
  }),
  step('endpoint.oauthDelete', async (invoke, walk) => {
    await invoke(walk.app, walk.endpoint)
  }),
  step('endpoint.patchTransformation', async (invoke, walk) => {
    await invoke(walk.app, walk.endpoint, { code: 'payload', enabled: false })
  }),
  step(
    ['endpoint.transformationPartialUpdate', 'endpoint.transformation.patch'],
    async (invoke, walk) => {
      await invoke(walk.app, walk.endpoint, { enabled: false })
    },
  ),
  step(['endpoint.transformationGet', 'endpoint.transformation.get'], async (invoke, walk) => {
    assert.equal((await invoke(walk.app, walk.endpoint))['enabled'], false)
  }),
  step('messageAttempt.expungeContent', async (invoke, walk) => {
    await invoke(walk.app, walk.message, walk.attempt)
  }),
  step('message.expungeContent', async (invoke, walk) => {
    await invoke(walk.app, walk.message)
  }),
  step('message.expungeAllContents', async (invoke, walk) => {
    await invoke(walk.app)
  }),
  step('message.bulkExpungeContent', async (invoke, walk) => {
    const { results } = await invoke(walk.app, { ids: [walk.message, 'none'] })
    assert.deepEqual(results, { [walk.message]: 'expunged', none: 'not-found' })
  }),
  step('integration.create', async (invoke, walk) => {
    walk.integration = String((await invoke(walk.app, { name: 'i' }))['id'])
    assert.match(walk.integration, /^integ_/)
  }),
  step('integration.list', async (invoke, walk) => {
    listOf(await invoke(walk.app))
  }),
  step('integration.get', async (invoke, walk) => {
    assert.equal((await invoke(walk.app, walk.integration))['name'], 'i')
  }),
  step('integration.update', async (invoke, walk) => {
    assert.equal((await invoke(walk.app, walk.integration, { name: 'j' }))['name'], 'j')
  }),
  step('integration.getKey', async (invoke, walk) => {
    assert.ok((await invoke(walk.app, walk.integration))['key'])
  }),
  step('integration.rotateKey', async (invoke, walk) => {
    assert.ok((await invoke(walk.app, walk.integration))['key'])
  }),
  step('integration.delete', async (invoke, walk) => {
    await invoke(walk.app, walk.integration)
  }),
  step('message.poller.poll', async (invoke, walk) => {
    const made = await walk.ask('POST', `/api/v1/app/${walk.app}/polling-endpoint`, { name: 'p' })
    walk.poller = String(made['id'])
    // From before it was made, as there is a message of then.
    const after = new Date(Date.now() - 3_600_000)
    await walk.until('the message', async () => {
      const page = await invoke(walk.app, walk.poller, { after })
      return listOf(page).length > 0 || undefined
    })
  }),
  step('message.poller.consumerSeek', async (invoke, walk) => {
    const after = new Date(Date.now() - 3_600_000)
    assert.ok((await invoke(walk.app, walk.poller, 'c', { after }))['iterator'])
  }),
  step('message.poller.consumerPoll', async (invoke, walk) => {
    assert.ok(listOf(await invoke(walk.app, walk.poller, 'c')).length > 0)
  }),
  step('statistics.aggregateAppStats', async (invoke, walk) => {
    const since = new Date(Date.now() - 3_600_000)
    const task = await invoke({ since, until: new Date() })
    assert.ok(task['status'])
    walk.task = String(task['id'])
  }),
  step('backgroundTask.list', async (invoke, walk) => {
    assert.ok(listOf(await invoke()).some((task) => task['id'] === walk.task))
  }),
  step('backgroundTask.listByEndpoint', async (invoke, walk) => {
    assert.ok(listOf(await invoke()).some((task) => task['id'] === walk.task))
  }),
  step('backgroundTask.get', async (invoke, walk) => {
    assert.equal((await invoke(walk.task))['id'], walk.task)
  }),
  step('statistics.aggregateEventTypes', async (invoke) => {
    assert.ok((await invoke())['status'])
  }),
  step('environment.export', async (invoke) => {
    assert.ok(Array.isArray((await invoke({}))['eventTypes']))
  }),
  step('environment.import', async (invoke, { mark }) => {
    await invoke({ eventTypes: [{ name: `environment.${mark}`, description: 'imported' }] })
  }),
  ...underBoth(
    ['operationalWebhook.endpoint', 'operationalWebhookEndpoint'],
    [
      [
        ['create'],
        async (invoke, walk) => {
          // 1.x says filterTypes, 2.x eventTypes.
          const name = walk.mark.startsWith('1') ? 'filterTypes' : 'eventTypes'
          const made = await invoke({
            url: `${walk.receiver.url}/operational`,
            [name]: ['endpoint.disabled'],
          })
          assert.deepEqual(made[name], ['endpoint.disabled'])
          walk.operational = String(made['id'])
        },
      ],
      [
        ['list'],
        async (invoke, walk) => {
          assert.ok(listOf(await invoke()).some((one) => one['id'] === walk.operational))
        },
      ],
      [
        ['get'],
        async (invoke, walk) => {
          assert.equal((await invoke(walk.operational))['id'], walk.operational)
        },
      ],
      [
        ['update', 'upsert'],
        async (invoke, walk) => {
          const url = `${walk.receiver.url}/operational`
          const put = await invoke(walk.operational, { url, description: 'put' })
          assert.equal(put['description'], 'put')
        },
      ],
      [
        ['updateHeaders', 'setHeaders'],
        async (invoke, walk) => {
          await invoke(walk.operational, { headers: { 'X-Mark': walk.mark } })
        },
      ],
      [
        ['getHeaders'],
        async (invoke, walk) => {
          const { headers } = await invoke(walk.operational)
          assert.equal((headers as Shape)['X-Mark'], walk.mark)
        },
      ],
      [
        ['getSecret'],
        async (invoke, walk) => {
          assert.match(String((await invoke(walk.operational))['key']), /^whsec_/)
        },
      ],
      [
        ['rotateSecret'],
        async (invoke, walk) => {
          await invoke(walk.operational, {})
        },
      ],
      [
        ['delete'],
        async (invoke, walk) => {
          await invoke(walk.operational)
        },
      ],
    ],
  ),
  step('authentication.dashboardAccess', async (invoke, walk) => {
    const access = await invoke(walk.app)
    assert.ok(access['url'])
    walk.portal = String(access['token'])
  }),
  step('authentication.appPortalAccess', async (invoke, walk) => {
    walk.portal = String((await invoke(walk.app, {}))['token'])
    assert.notEqual(walk.portal, 'undefined')
  }),
  {
    ...step('authentication.logout', async (invoke) => {
      await invoke()
    }),
    inPortal: true,
  },
  step('authentication.expireAll', async (invoke, walk) => {
    await invoke(walk.app, {})
  }),
  step('management.authentication.listApiTokens', async (invoke) => {
    listOf(await invoke())
  }),
  step('management.authentication.createApiToken', async (invoke, walk) => {
    const made = await invoke({ name: 'of the conformance run' })
    assert.ok(made['token'])
    walk.token = String(made['id'])
  }),
  step('management.authentication.expireApiToken', async (invoke, walk) => {
    await invoke(walk.token, {})
  }),
  step('endpoint.delete', async (invoke, walk) => {
    await invoke(walk.app, walk.endpoint)
  }),
  step('application.delete', async (invoke, walk) => {
    await invoke(walk.app)
  }),
  step('eventType.delete', async (invoke, { mark }) => {
    await invoke(`password.reset.${mark}`)
  }),
]

export const stepDeadlineMs = eventually

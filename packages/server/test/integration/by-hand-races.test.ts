// What people do by hand while requests are under way, in any order, as a property: what was answered holds.
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { readId } from '../../src/core/id.ts'
import { startApi, type TestApi } from '../support/api-server.ts'
import { closedDeliveries, countsAgree, HeldRequests } from '../support/held-requests.ts'
import { runs } from '../support/property-runs.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let receiver: Receiver
beforeAll(async () => {
  api = await startApi()
})
afterAll(async () => await api?.stop())
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(async () => await receiver.close())

const uids = ['plain', 'batch', 'keyed'] as const
const settings = {
  plain: { maxInFlight: 2 },
  batch: { maxInFlight: 1, batch: { maxEvents: 3, maxWaitMs: 10 } },
  keyed: { maxInFlight: 3, ordering: 'key' },
}
const changes = [
  { batch: null },
  { batch: { maxEvents: 2, maxWaitMs: 5 } },
  { ordering: 'none' },
  { ordering: 'key' },
  { maxInFlight: 1 },
  { maxInFlight: 20 },
  { throttleRate: 1_000 },
  { throttleRate: null },
  { disabled: true },
  { disabled: false },
]

const uid = fc.constantFrom(...uids)
const at = fc.nat({ max: 30 })
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('send' as const), key: fc.nat(2) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      at,
      status: fc.constantFrom(200, 200, 500),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('resend' as const), at, uid }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('resend-all' as const), at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('give-up' as const), at, uid }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expunge' as const), at }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('do' as const),
      uid,
      what: fc.constantFrom('pause', 'resume', 'cancel-messages', 'recover'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('circuit' as const),
      uid,
      state: fc.constantFrom('open', 'closed'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      uid,
      to: fc.constantFrom(...changes),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(30) }) },
)
type Action = typeof action extends fc.Arbitrary<infer One> ? One : never

test('each message is delivered or says why not, and what was resent is sent again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 10, maxLength: 60 }), (actions) =>
      holds(actions),
    ),
    { numRuns: runs(10), endOnFailure: true },
  )
}, 300_000)

async function holds(actions: readonly Action[]): Promise<void> {
  const appId = (await api.svix.application.create({ name: 'app' })).id
  const app = readId('app', appId)!
  const requests = new HeldRequests()
  const { asked } = requests
  receiver.answer = requests.hold
  for (const name of uids)
    await call('POST', '/endpoint', 201, {
      url: `${receiver.url}/${name}`,
      uid: name,
      retrySchedule: [0.02, 0.02],
      timeoutMs: 60_000,
      circuit: { failuresToOpen: 1_000 },
      ...settings[name],
    })

  const messages: string[] = []
  const expunged = new Set<string>()
  /** `message endpoint`, as often as it was resent and not given up since: how many requests there were by then. */
  const resent = new Map<string, number>()
  const givenUp = new Set<string>()
  const mayBeGivenUp = new Set<string>()
  const disabled = new Set<string>()
  for (const one of actions) await act(one)

  requests.held = false
  for (const name of uids) {
    await call('PATCH', `/endpoint/${name}`, 200, { disabled: false })
    await call('POST', `/endpoint/${name}/resume`, 200)
    await call('POST', `/endpoint/${name}/circuit`, 200, { state: 'closed' })
  }
  requests.answerAll()
  await until(async () => {
    const { rows } = await api.database.pool.query<{ left: number }>(
      `select (select count(*) from work where app_id = $1)
            + (select count(*) from job where app_id = $1 and status = 'running') as left`,
      [app],
    )
    return rows[0]!.left === 0
  }).catch(async () => {
    const { rows } = await api.database.pool.query('select * from work where app_id = $1', [app])
    throw new Error(`left in work: ${JSON.stringify(rows)}`)
  })

  const closed = await closedDeliveries(api.database.pool, app)
  const last = new Map(closed.map((row) => [`${row.message_id} ${row.uid}`, row.state]))
  for (const shown of messages) {
    for (const name of uids) {
      const state = last.get(`${readId('message', shown)} ${name}`)
      const got = asked.filter((one) => one.uid === name && one.messages.includes(shown))
      const pair = `${shown} ${name}`
      const about = `${pair}: ${state}, asked ${JSON.stringify(got)}`
      expect(state, about).toBeDefined()
      if (state === 'delivered')
        expect(
          got.some(({ status }) => status === 200),
          about,
        ).toBe(true)
      if (state === 'exhausted')
        expect(
          got.some(({ status }) => status === 500),
          about,
        ).toBe(true)
      if (state === 'discarded')
        expect(expunged.has(shown) || givenUp.has(pair) || mayBeGivenUp.has(pair), about).toBe(true)
      const before = resent.get(pair)
      if (before !== undefined && !expunged.has(shown))
        expect(
          got.some(({ number }) => number >= before),
          `resent ${about}`,
        ).toBe(true)
    }
  }
  const attempts = await countsAgree(api.database.pool, app, closed)
  expect(attempts).toBe(requests.messageCount)
  await until(() => api.node.engine.leased.size === 0)

  async function act(one: Action): Promise<void> {
    const message = 'at' in one ? messages[one.at % messages.length] : undefined
    switch (one.kind) {
      case 'send': {
        const body = { eventType: 'a', payload: messages.length, orderingKey: `k${one.key}` }
        const made = await call('POST', '/msg', 202, body)
        messages.push(made.id)
        // One that was disabled by then gets none.
        for (const name of uids) if (disabled.has(name)) mayBeGivenUp.add(`${made.id} ${name}`)
        return
      }
      case 'answer':
        requests.answer(one.at, one.status)
        return
      case 'resend': {
        if (message === undefined) return
        const number = asked.length
        const { status } = await api.call(
          'POST',
          `/api/v1/app/${appId}/msg/${message}/endpoint/${one.uid}/resend`,
        )
        expect(status).toBe(expunged.has(message) ? 409 : 202)
        if (status === 202) note(`${message} ${one.uid}`, number)
        return
      }
      case 'resend-all': {
        if (message === undefined || expunged.has(message)) return
        const number = asked.length
        await call('POST', `/msg/${message}/resend`, 202)
        for (const name of uids) if (!disabled.has(name)) note(`${message} ${name}`, number)
        return
      }
      case 'give-up': {
        if (message === undefined) return
        const pair = `${message} ${one.uid}`
        const { status } = await api.call(
          'DELETE',
          `/api/v1/app/${appId}/msg/${message}/endpoint/${one.uid}`,
        )
        if (status !== 204) return
        givenUp.add(pair)
        resent.delete(pair)
        return
      }
      case 'expunge':
        if (message === undefined) return
        await call('DELETE', `/msg/${message}/content`, 204)
        expunged.add(message)
        return
      case 'do':
        if (one.what === 'cancel-messages')
          for (const id of messages) {
            mayBeGivenUp.add(`${id} ${one.uid}`)
            resent.delete(`${id} ${one.uid}`)
          }
        await call(
          'POST',
          `/endpoint/${one.uid}/${one.what}`,
          one.what === 'recover' || one.what === 'cancel-messages' ? 202 : 200,
          one.what === 'recover'
            ? { since: new Date(Date.now() - 60_000).toISOString() }
            : undefined,
        )
        if (one.what === 'cancel-messages')
          await until(async () => {
            const { rows } = await api.database.pool.query(
              `select from job where app_id = $1 and status = 'running' and task = 'endpoint.cancel-messages'`,
              [app],
            )
            return rows.length === 0
          })
        return
      case 'circuit':
        await call('POST', `/endpoint/${one.uid}/circuit`, 200, { state: one.state })
        return
      case 'change':
        if ('disabled' in one.to) {
          if (one.to.disabled) disabled.add(one.uid)
          else disabled.delete(one.uid)
        }
        await call('PATCH', `/endpoint/${one.uid}`, 200, one.to)
        return
      case 'wait':
        await new Promise((resolve) => setTimeout(resolve, one.ms))
    }
  }
  function note(pair: string, number: number): void {
    resent.set(pair, number)
  }
  async function call(method: string, path: string, status: number, body?: object) {
    const answer = await api.call(method, `/api/v1/app/${appId}${path}`, { body })
    expect(answer.status, `${method} ${path} ${answer.text}`).toBe(status)
    return answer.body
  }
}

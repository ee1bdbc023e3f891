// The same on two nodes, of which one is cut from the database, stops and starts, or dies, while the other is told what
// to do: what was answered holds, and nothing comes more often than that explains.
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { readId, showId } from '../../src/core/id.ts'
import { startApi, type TestApi } from '../support/api-server.ts'
import { type DatabaseLine, openLine } from '../support/database-line.ts'
import {
  type Asked,
  closedDeliveries,
  countsAgree,
  HeldRequests,
} from '../support/held-requests.ts'
import { startNode, type TestNode } from '../support/node.ts'
import { runs } from '../support/property-runs.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

/** Short: in most runs it is waited for until one has run out. */
const leaseMs = 2_000

let api: TestApi
let receiver: Receiver
let line: DatabaseLine
let other: TestNode | undefined
beforeAll(async () => {
  api = await startApi({ engine: { leaseMs } })
  line = await openLine(api.database.url)
})
afterAll(async () => {
  await line?.mend()
  await other?.stop()
  await line?.cut()
  await api?.stop()
})
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(async () => await receiver.close())

const uids = ['plain', 'batch', 'keyed', 'strict'] as const
/** What is done by hand is done to these. */
const touched = ['plain', 'batch', 'keyed'] as const
const settings = {
  plain: { maxInFlight: 3 },
  batch: { maxInFlight: 2, batch: { maxEvents: 3, maxWaitMs: 700 } },
  keyed: { maxInFlight: 4, ordering: 'key' },
  strict: { maxInFlight: 4, ordering: 'key' },
}
const changes = [
  { batch: null },
  { batch: { maxEvents: 2, maxWaitMs: 5 } },
  { maxInFlight: 1 },
  { maxInFlight: 20 },
  { throttleRate: 1_000 },
  { disabled: true },
  { disabled: false },
]

const uid = fc.constantFrom(...touched)
const at = fc.nat({ max: 30 })
const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      key: fc.nat(2),
      there: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      at,
      status: fc.constantFrom(200, 200, 500),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('resend' as const), at, uid }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('give-up' as const), at, uid }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expunge' as const), at }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('do' as const),
      uid: fc.constantFrom(...uids),
      what: fc.constantFrom('pause', 'resume', 'resume', 'quiet'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('circuit' as const),
      uid: fc.constantFrom(...uids),
      state: fc.constantFrom('open', 'closed'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      uid,
      to: fc.constantFrom(...changes),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('node' as const),
      what: fc.constantFrom('cut', 'cut', 'stop', 'lose', 'out', 'mend', 'mend'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(30) }) },
)
type Action = typeof action extends fc.Arbitrary<infer One> ? One : never

test('each message is delivered or says why not, and no more often than what happened explains', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 10, maxLength: 60 }), (actions) =>
      holds(actions),
    ),
    { numRuns: runs(5), endOnFailure: true },
  )
}, 300_000)

async function holds(actions: readonly Action[]): Promise<void> {
  await mend()
  const scope = { tenantId: api.tenantId, appId: '' }
  const shownApp = (await api.svix.application.create({ name: 'app' })).id
  const appId = (scope.appId = readId('app', shownApp)!)
  /** Endpoints of which all nodes have heard that they are paused, and what was sent to them all the same. */
  const quiet = new Set<string>()
  const tooLate: Asked[] = []
  const requests = new HeldRequests((one) => {
    if (quiet.has(one.uid)) tooLate.push(one)
  })
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

  const messages: { id: string; key: number }[] = []
  const expunged = new Set<string>()
  /** How often a node may have lost what it knew of its requests. */
  let outages = 0
  let isLosing = false
  const resent = new Map<string, number>()
  const mayBeGivenUp = new Set<string>()
  const disabled = new Set<string>()
  for (const one of actions) await act(one)

  await mend()
  quiet.clear()
  expect(tooLate).toEqual([])
  for (const name of uids) {
    await call('PATCH', `/endpoint/${name}`, 200, { disabled: false })
    await call('POST', `/endpoint/${name}/resume`, 200)
    await call('POST', `/endpoint/${name}/circuit`, 200, { state: 'closed' })
  }
  requests.answerAll()
  await until(async () => {
    const { rows } = await api.database.pool.query<{ left: number }>(
      'select count(*) as left from work where app_id = $1',
      [appId],
    )
    return rows[0]!.left === 0
  }).catch(async () => {
    const { rows } = await api.database.pool.query('select * from work where app_id = $1', [appId])
    throw new Error(`left in work: ${JSON.stringify(rows)}`)
  })
  await until(() => [api.node, other!].every(({ engine }) => engine.recorder.backlog === 0))

  const closed = await closedDeliveries(api.database.pool, appId)
  const last = new Map(closed.map((row) => [`${row.message_id} ${row.uid}`, row.state]))
  for (const { id } of messages) {
    for (const name of uids) {
      const state = last.get(`${readId('message', id)} ${name}`)
      const got = asked.filter((one) => one.uid === name && one.messages.includes(id))
      const pair = `${id} ${name}`
      const about = `${pair}: ${state}, asked ${JSON.stringify(got)}`
      const answered = (status: number) => got.filter((one) => one.status === status).length
      expect(state, about).toBeDefined()
      if (state === 'delivered') expect(answered(200), about).toBeGreaterThan(0)
      if (state === 'exhausted') expect(answered(500), about).toBeGreaterThan(0)
      if (state === 'discarded')
        expect(expunged.has(id) || mayBeGivenUp.has(pair), about).toBe(true)
      expect(answered(200), `${outages} outages, ${about}`).toBeLessThanOrEqual(
        1 + outages + (resent.get(pair) ?? 0),
      )
    }
  }
  for (const key of [0, 1, 2]) {
    const ids = messages.filter((one) => one.key === key).map(({ id }) => id)
    const came = asked
      .filter((one) => one.uid === 'strict' && ids.includes(one.messages[0]!))
      .map((one) => ids.indexOf(one.messages[0]!))
    expect(came, `order of key ${key}`).toEqual(came.toSorted((a, b) => a - b))
  }
  const attempts = await countsAgree(api.database.pool, appId, closed)
  expect(attempts).toBeLessThanOrEqual(requests.messageCount)
  if (outages === 0) expect(attempts).toBe(requests.messageCount)
  await until(() => [api.node, other!].every(({ engine }) => engine.leased.size === 0))

  async function act(one: Action): Promise<void> {
    const message = 'at' in one ? messages[one.at % messages.length]?.id : undefined
    switch (one.kind) {
      case 'send': {
        const body = { eventType: 'a', payload: messages.length, orderingKey: `k${one.key}` }
        if (one.there && other?.engine.lease.valid()) {
          const accepted = await other.engine.ingest
            .accept({ ...scope, ...body, payload: String(body.payload) })
            .catch(() => undefined)
          if (accepted?.outcome !== 'accepted') return
          const { message: made } = accepted
          messages.push({ id: showId('message', made.id), key: one.key })
        } else messages.push({ id: (await call('POST', '/msg', 202, body)).id, key: one.key })
        const { id } = messages.at(-1)!
        for (const name of uids) if (disabled.has(name)) mayBeGivenUp.add(`${id} ${name}`)
        return
      }
      case 'answer':
        requests.answer(one.at, one.status)
        return
      case 'resend': {
        if (message === undefined) return
        const { status } = await api.call(
          'POST',
          `/api/v1/app/${shownApp}/msg/${message}/endpoint/${one.uid}/resend`,
        )
        expect(status).toBe(expunged.has(message) ? 409 : 202)
        const pair = `${message} ${one.uid}`
        if (status === 202) resent.set(pair, (resent.get(pair) ?? 0) + 1)
        return
      }
      case 'give-up': {
        if (message === undefined) return
        const path = `/api/v1/app/${shownApp}/msg/${message}/endpoint/${one.uid}`
        const { status } = await api.call('DELETE', path)
        if (status === 204) mayBeGivenUp.add(`${message} ${one.uid}`)
        return
      }
      case 'expunge':
        if (message === undefined) return
        await call('DELETE', `/msg/${message}/content`, 204)
        expunged.add(message)
        return
      case 'do':
        quiet.delete(one.uid)
        await call('POST', `/endpoint/${one.uid}/${one.what === 'quiet' ? 'pause' : one.what}`, 200)
        if (one.what === 'quiet') await heard(one.uid)
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
      case 'node':
        await disturb(one.what)
        return
      case 'wait':
        await new Promise((resolve) => setTimeout(resolve, one.ms))
    }
  }
  /** Both nodes have it from the database that the endpoint is paused. */
  async function heard(name: string): Promise<void> {
    if (!other?.engine.lease.valid()) return
    const routed = async (node: TestNode) =>
      (await node.registry.cache.routes(api.tenantId, appId).catch(() => undefined))?.endpoints
    await until(async () =>
      (await Promise.all([routed(api.node), routed(other!)])).every(
        (all) => !all || all.find((one) => one.uid === name)!.paused,
      ),
    )
    // Only what is under way stays in their hands.
    await until(async () => {
      const { rows } = await api.database.pool.query<{ leased: number }>(
        `select count(w.lease_owner) as leased
           from work w join endpoint e on e.id = w.endpoint_id
          where e.app_id = $1 and e.uid = $2`,
        [appId, name],
      )
      const underWay = asked.filter((one) => one.uid === name && one.status === undefined)
      return rows[0]!.leased <= underWay.reduce((sum, one) => sum + one.messages.length, 0)
    }, 20_000)
    quiet.add(name)
  }
  async function disturb(what: string): Promise<void> {
    if (what === 'mend') return await mend()
    if (what === 'stop') {
      await mend()
      const node = other!
      other = undefined
      requests.answerAll()
      const { unfinished, unrecorded } = await node.stop()
      expect(unfinished).toBe(0)
      // Within a transaction a lost answer is waited for as long as the database lets it stand.
      if (!isLosing) expect(unrecorded).toBe(0)
      isLosing = false
      requests.held = true
      return
    }
    if (!other) return
    outages += 1
    if (what === 'lose') {
      isLosing = true
      void line.loseAnswer('insert into attempt (')
      return
    }
    await line.cut()
    // What it has in hand it sends as it was taken, as long as its lease lasts.
    quiet.clear()
    // Its lease runs out, and the other node takes over.
    if (what === 'out') {
      const { id } = other.engine.lease
      await until(async () => {
        const { rows } = await api.database.pool.query('select from node where id = $1', [id])
        return rows.length === 0
      })
    }
  }
  async function call(method: string, path: string, status: number, body?: object) {
    const answer = await api.call(method, `/api/v1/app/${shownApp}${path}`, { body })
    expect(answer.status, `${method} ${path} ${answer.text}`).toBe(status)
    return answer.body
  }
}

/** The other node runs, has the database, and its lease. */
async function mend(): Promise<void> {
  await line.mend()
  other ??= await startNode(line.url, { leaseMs })
  const node = other
  await until(() => node.engine.lease.valid())
}

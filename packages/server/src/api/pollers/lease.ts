import { invalid } from '../../core/error.ts'
import { uuidFloor, uuidv7 } from '../../core/id.ts'
import { cloudOnly, empty, type Route, route } from '../route.ts'
import { type PollerDeps, pollerOf } from './poller-of.ts'
import { readMessagesFrom } from './read.ts'
import { commitIn, leasedOut, leaseQuery } from './schema.ts'
import { commitOffset, endLease, giveOut, type Lease, takeLease } from './store.ts'
import { say } from '../../core/sentences/sentences.ts'

const path = '/api/v1/app/{app_id}/polling-endpoint/{sink_id}/consumer/{consumer_id}'
const tag = 'Polling Endpoint'
const usualLeaseMs = 60_000

/**
 * Several processes that read as one consumer: what one was given is its own until it commits it or the lease ends.
 * There is one lease a consumer, so that a commit, which means all up to its number, passes over nothing that another
 * process still works at.
 */
export function leaseRoutes(deps: PollerDeps): Route[] {
  const { db, clock, pollers } = deps
  return [
    route({
      at: `GET ${path}`,
      id: 'v1.message.poller-v2.consumer-poll',
      tag,
      summary: 'Read messages on a lease, from where a consumer stands',
      description:
        'Commit the `offset` of the last message that is done with. What is not committed when the lease ends comes ' +
        'again, with the same offset; until then whoever reads as this consumer is answered nothing, and `done: ' +
        `false\`. Where it stands is the same place as of \`…/poller/{sink_id}/consumer/{consumer_id}\`. ${cloudOnly}`,
      access: 'app',
      use: 'poll',
      query: leaseQuery,
      answers: { 200: { description: 'Messages, oldest first', body: leasedOut } },
      async handle(call) {
        const { sink_id: sink, consumer_id: consumer } = call.params
        const poller = await pollerOf(pollers, call, sink)
        const { limit = 50, starting_position: position, lease_duration_ms: leaseMs } = call.query
        const now = clock.now()
        const lease = await takeLease(db, poller, consumer, {
          id: uuidv7(now),
          startAfter: uuidFloor(position === 'latest' ? now : poller.createdAtMs),
          leaseMs: leaseMs ?? usualLeaseMs,
        })
        if (lease === undefined) return nothingYet
        let after = lease.after
        let given = false
        try {
          const page = await readMessagesFrom(deps, poller, lease.after, limit)
          if (page.data.length === 0) {
            after = page.after
            return { status: 200, text: `{"data":[],"done":${page.done}}` }
          }
          const offsets = numbered(page.ids, lease)
          const later = lease.leased.findIndex((one) => one > page.ids.at(-1)!)
          const from = later < 0 ? lease.leased.length : later
          given = await giveOut(db, poller.id, consumer, {
            id: lease.id,
            leased: [...page.ids, ...lease.leased.slice(from)],
            offsets: [...offsets, ...lease.offsets.slice(from)],
            given: offsets.at(-1)!,
            leaseMs: leaseMs ?? usualLeaseMs,
          })
          if (!given) return nothingYet
          const items = page.data.map((text, at) => `{"offset":${offsets[at]!},${text.slice(1)}`)
          return { status: 200, text: `{"data":[${items.join(',')}],"done":${page.done}}` }
        } finally {
          if (!given) await endLease(db, poller.id, consumer, { id: lease.id, after })
        }
      },
    }),
    route({
      at: `POST ${path}/commit`,
      id: 'v1.message.poller-v2.consumer-commit',
      tag,
      summary: 'Say up to which message a consumer is done',
      description:
        'All before it is done with too. Again, or with a smaller number, it changes nothing. With the last message ' +
        `that was given out the lease ends. ${cloudOnly}`,
      access: 'app',
      use: 'poll',
      idempotency: 'own',
      body: commitIn,
      answers: { 204: { description: 'Written down' } },
      async handle(call) {
        const poller = await pollerOf(pollers, call, call.params.sink_id)
        const { offset } = call.body
        const last = await commitOffset(db, poller.id, call.params.consumer_id, offset)
        if (last === undefined) return empty
        const known = last === 0 ? 'it was given none' : `the greatest that it was given is ${last}`
        throw invalid(['body', 'offset'], say('offset_unknown', { known }))
      },
    }),
  ]
}

const nothingYet = { status: 200, text: '{"data":[],"done":false}' }

/** What comes again keeps its number; what is new gets the next. */
function numbered(ids: readonly string[], { leased, offsets, last }: Lease): number[] {
  const known = new Map(leased.map((id, at) => [id, offsets[at]!]))
  let next = last
  return ids.map((id) => known.get(id) ?? (next += 1))
}

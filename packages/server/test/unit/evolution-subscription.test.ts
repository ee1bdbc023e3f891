// The subscriptions of the evolution dialect, on the filters that they become.
import { expect, test } from 'vitest'
import type { Endpoint } from '../../src/core/endpoint.ts'
import { dialectOf } from '../../src/dialects/dialects.ts'
import { readSubscription } from '../../src/dialects/evolution/events.ts'
import { nameOf } from '../../src/dialects/evolution/payload.ts'
import { compileFilter } from '../../src/route/filter.ts'
import { route } from '../../src/route/route.ts'
import { canonicalSamples } from '../support/canonical-events.ts'
import { endpointOf, outgoing, type Sample, samplesOf } from '../support/dialect-samples.ts'
import { compileChatFilter } from '../../src/whatsapp/chat-filter.ts'

const dialect = dialectOf('evolution')

function subscribed(...names: string[]): Endpoint {
  const read = readSubscription(names)
  if (!read.ok) throw new Error(JSON.stringify(read.unknown))
  const { eventTypes, filter } = read.subscription
  if (filter !== null) expect(compileFilter(filter)).toMatchObject({ ok: true })
  return endpointOf('evolution', { eventTypes, filter })
}

/** Under which name the endpoint gets it; null where it does not. */
function got(endpoint: Endpoint, sample: Sample): string | null {
  const event = outgoing(sample)
  const { targets } = route(event.message, [endpoint], {
    eventName: (_, type) => dialect.eventName(type),
    compileChatFilter,
  })
  return targets.length === 0 ? null : nameOf(event)
}

const samples = [...samplesOf('evolution'), ...canonicalSamples]
const names = dialect.events.map(({ name }) => name)

test.each(names)('who asks for %s alone gets all of it and nothing else', (name) => {
  const endpoint = subscribed(name)
  for (const sample of samples) {
    const own = nameOf(outgoing(sample)) === name
    expect(got(endpoint, sample), sample.provenance).toBe(own ? name : null)
  }
})

test.each([
  ['message.sent', 'messages.upsert', 'send.message'],
  ['session.logged_out', 'connection.update', 'logout.instance'],
  ['message.edited', 'messages.edited', 'send.message.update'],
])('who asks for both names of %s gets it without a filter', (_, coarse, fine) => {
  expect(subscribed(coarse, fine).filter).toBeNull()
})

test('who asks for nothing gets everything', () => {
  const endpoint = subscribed()
  for (const sample of samples) expect(got(endpoint, sample)).not.toBeNull()
})

test('an application’s own event under a canonical name does not break the filter', () => {
  const endpoint = subscribed('MESSAGES_UPSERT')
  const own = { provenance: '', eventType: 'message.sent', form: null, payload: { text: 'x' } }
  expect(got(endpoint, own)).toBe('messages.upsert')
})

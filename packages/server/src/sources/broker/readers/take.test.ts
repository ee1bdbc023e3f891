import { expect, test } from 'vitest'
import { PomboError } from '../../../core/error.ts'
import type { Intake } from '../../intake/intake.ts'
import type { KnownBy, Part } from '../../intake/part.ts'
import type { Source } from '../../intake/settings.ts'
import type { BrokerMessage } from '../kind.ts'
import { takeMessages } from './take.ts'

const message = (text: string, more: Partial<BrokerMessage> = {}): BrokerMessage => ({
  body: Buffer.from(text),
  headers: {},
  id: null,
  again: false,
  ...more,
})

function deps(intake: Partial<Intake>) {
  const aside: string[] = []
  const waits: unknown[] = []
  const stopping = new AbortController()
  return {
    aside,
    waits,
    stopping,
    given: {
      intake: {
        read: async () => [],
        takeRead: async () => {},
        setAside: (_: Source, reason: string) => void aside.push(reason),
        ...intake,
      } as Intake,
      source: () => ({ id: 's' }) as Source,
      maxBodyBytes: 100,
      stopping: stopping.signal,
      onWait: (error: unknown) => void waits.push(error),
      log: () => {},
    },
  }
}

test('what a gateway’s reading throws at is set aside after some attempts, and holds up nothing else', async () => {
  let attempts = 0
  const { given, aside } = deps({
    read: async (_, { body }) => {
      if (body.toString() === 'poison') {
        attempts += 1
        throw new TypeError('cannot read properties of undefined')
      }
      return []
    },
  })
  const fates = await takeMessages([message('good'), message('poison'), message('fine')], given)
  expect(fates.map(({ kind }) => kind)).toEqual(['accepted', 'refused', 'accepted'])
  expect(attempts).toBeGreaterThan(1)
  expect(aside).toEqual(['reading it failed: cannot read properties of undefined'])
})

test('a message without an id is known by its content only once it may have been stored', async () => {
  const known: KnownBy[] = []
  let away = true
  const { given, waits } = deps({
    takeRead: async (_: readonly Part[], knownBy: KnownBy) => {
      known.push(knownBy)
      if (!away) return
      away = false
      throw new PomboError('database_away', {}, { retryAfterSeconds: 1 })
    },
  })
  await takeMessages([message('a')], given)
  expect(known.map(({ onlyIfAgain }) => onlyIfAgain)).toEqual([true, false])
  expect(waits).toHaveLength(1)
  await takeMessages([message('a', { again: true }), message('b', { id: '7' })], given)
  expect(known.slice(2).map(({ onlyIfAgain }) => onlyIfAgain)).toEqual([false, false])
  expect(new Set(known.map(({ key }) => key)).size).toBe(2)
})

test('what is left at a stop is said to be left, so that it goes back', async () => {
  const { given, stopping } = deps({
    takeRead: async () => {
      throw new PomboError('overloaded', {}, { retryAfterSeconds: 1 })
    },
  })
  const taking = takeMessages([message('a'), message('b')], given)
  stopping.abort()
  expect((await taking).map(({ kind }) => kind)).toEqual(['left', 'left'])
})

test('of messages with events of several keys, those that share one are taken one after the other', async () => {
  const plain = (orderingKey: string) => ({ eventType: 'x', payload: '1', orderingKey })
  const taken: string[] = []
  const first = Promise.withResolvers<void>()
  const { given } = deps({
    read: async (source, { body }) => [
      {
        source,
        appId: 'a',
        parsed: {
          outcome: 'messages',
          session: null,
          messages: body.toString().split(' ').map(plain),
        },
      },
    ],
    async takeRead([part]) {
      const keys = (part!.parsed as { messages: { orderingKey: string }[] }).messages
      const name = keys.map((one) => one.orderingKey).join(' ')
      if (name === 'a') await first.promise
      taken.push(name)
    },
  })
  const taking = takeMessages(
    ['a', 'b a', 'b', 'c'].map((keys) => message(keys)),
    given,
  )
  await new Promise((resolve) => setImmediate(resolve))
  first.resolve()
  await taking
  expect(taken).toEqual(['c', 'a', 'b a', 'b'])
})

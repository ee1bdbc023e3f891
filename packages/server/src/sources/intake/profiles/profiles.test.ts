import { expect, test } from 'vitest'
import { SystemClock } from '../../../core/clock.ts'
import type { Pool } from '../../../db/pool.ts'
import type { EventOf } from '../../../whatsapp/whatsapp.ts'
import { Profiles } from './profiles.ts'

const jid = '5511999990001@s.whatsapp.net'
const row = (name: string) => ({ appId: 'app', jid, altId: null, name, imageUrl: null })

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A database whose answers come when the test says so: look-ups are held, writes are done at once. */
function slowDatabase() {
  const lookUps: { answer: (rows: object[]) => void }[] = []
  const query = ({ name }: { name: string }) => {
    if (name !== 'profiles') return Promise.resolve({ rows: [] })
    const held = Promise.withResolvers<{ rows: object[] }>()
    lookUps.push({ answer: (rows) => held.resolve({ rows }) })
    return held.promise
  }
  async function answer(rows: object[]): Promise<void> {
    // It begins in a later turn than that in which it was asked for, if the one who asked still waits or not.
    while (lookUps.length === 0) await turn()
    lookUps[0]!.answer(rows)
    await turn()
  }
  return { pool: { query } as unknown as Pool, lookUps, answer }
}

const someone = () => ({ id: jid, altId: null, phone: null, name: null, imageUrl: null })
const event = () =>
  ({ type: 'message.received', sender: someone() }) as unknown as EventOf<'message.received'>

async function nameOf(profiles: Profiles): Promise<string | null> {
  const asked = event()
  await profiles.fill('app', [asked])
  return asked.sender!.name
}

test('an answer that comes late does not undo what was learned while it was on its way, written or not', async () => {
  for (const flushed of [false, true])
    for (const read of [[], [row('Old')]]) {
      const { pool, lookUps, answer } = slowDatabase()
      const profiles = new Profiles(pool, new SystemClock(), () => {}, 0)
      expect(await nameOf(profiles)).toBe(null)
      profiles.learn('tenant', 'app', [{ id: jid, name: 'Maria' }])
      if (flushed) await profiles.flush()
      await answer(read)
      expect(await nameOf(profiles)).toBe('Maria')
      expect(lookUps).toHaveLength(1)
    }
})

test('what a late answer brings is known to the events after it', async () => {
  const { pool, answer } = slowDatabase()
  const profiles = new Profiles(pool, new SystemClock(), () => {}, 0)
  expect(await nameOf(profiles)).toBe(null)
  await answer([row('Maria')])
  expect(await nameOf(profiles)).toBe('Maria')
})

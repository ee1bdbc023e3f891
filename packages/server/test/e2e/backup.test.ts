// Backup, restore and the move to another server by the real commands, on the embedded database.
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { openLine } from '../support/database-line.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'
import { pombo } from './cli-process.ts'
import { apiKey, call, folderPerTest, serve, type Served, settings } from './served.ts'

let receiver: Receiver

beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(async () => {
  await receiver.close()
})
const folder = folderPerTest()
const inData = (name = 'data') => ({ POMBO_DATA_DIR: join(folder(), name) })

async function stop({ process }: Served): Promise<void> {
  process.child.kill('SIGTERM')
  expect(await process.ended()).toBe(0)
}

async function run(args: string[], env: Record<string, string>) {
  const process = pombo(args, env, { cwd: folder() })
  const code = await process.ended()
  return { code, out: process.stdout(), err: process.stderr() }
}

async function makeShop(url: string): Promise<void> {
  await call(url, 'POST', '/app', { name: 'shop', uid: 'shop' })
  const endpoint = { url: receiver.url, uid: 'e', maxInFlight: 4, headers: { 'x-token': 'mine' } }
  await call(url, 'POST', '/app/shop/endpoint', endpoint)
}

const event = (n: number) => ({ eventType: 'order.paid', eventId: `order-${n}`, payload: { n } })
const received = () => receiver.received.map(({ body }) => (JSON.parse(body) as { n: number }).n)

test('"pombo migrate --to" moves an embedded database under load: nothing lost, nothing twice', async () => {
  const target = await createTestDatabase()
  try {
    // Slower than the senders, so that work is queued when the server stops.
    receiver.answer = () => ({ delayMs: 100 })
    const first = await serve(folder(), inData())
    let url = first.url
    await makeShop(url)
    let [next, enough] = [0, false]
    const accepted: number[] = []
    // Each event is sent until it is answered, as whoever must not lose one does.
    const senders = Array.from({ length: 4 }, async () => {
      while (!enough) {
        const n = next++
        // 409: it is known by its event id, so that an earlier try was taken in and its answer lost.
        const isTaken = async () => {
          const refusal = await call(url, 'POST', '/app/shop/msg', event(n)).then(() => '', String)
          return refusal === '' || refusal.includes('msg: 409 ')
        }
        while (!(await isTaken())) await new Promise((resolve) => setTimeout(resolve, 50))
        accepted.push(n)
      }
    })
    await until(() => accepted.length > 200 && received().length > 20)
    await stop(first)
    expect(received().length).toBeLessThan(accepted.length)

    const moved = await run(['migrate', '--to', target.url], inData())
    expect(moved.code).toBe(0)
    expect(moved.out).toMatch(
      /rows went from the embedded database in .* to .*\nNow set DATABASE_URL/,
    )
    const keys = (await readFile(join(folder(), 'data/encryption-keys'), 'utf8'))
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .join(',')
    const second = await serve(folder(), { DATABASE_URL: target.url, POMBO_ENCRYPTION_KEYS: keys })
    url = second.url
    const before = accepted.length
    await until(() => accepted.length > before + 50)
    enough = true
    await Promise.all(senders)
    receiver.answer = () => ({})
    await until(() => new Set(received()).size === accepted.length, 60_000)
    expect(received().toSorted((a, b) => a - b)).toEqual(accepted.toSorted((a, b) => a - b))
    expect(receiver.received.every(({ headers }) => headers['x-token'] === 'mine')).toBe(true)

    const again = await run(['serve'], { ...settings, ...inData() })
    expect(again.code).toBe(1)
    expect(again.err).toMatch(/were moved to .* Set DATABASE_URL to that database/)
    const twice = await run(['migrate', '--to', target.url], { DATABASE_URL: target.url })
    expect(twice.err).toMatch(/A Pombo is running on the database/)
    await stop(second)
  } finally {
    await target.drop()
  }
})

test('"pombo migrate --to" keeps the mark of the move as long as it may have been committed', async () => {
  const targets = [await createTestDatabase(), await createTestDatabase()] as const
  const commit = ['update work set lease_owner = null', 'commit'] as const
  const mark = join(folder(), 'data/moved')
  const marked = async () => await readFile(mark, 'utf8').then(Boolean, () => false)
  try {
    await stop(await serve(folder(), inData()))
    const line = await openLine(targets[0].url)
    void line.loseRequest(...commit)
    const failed = await run(['migrate', '--to', line.url], inData())
    expect(failed).toMatchObject({ code: 1, err: /could not be committed: .* Nothing was moved/ })
    expect(await marked()).toBe(false)

    void line.loseAnswer(...commit)
    const done = await run(['migrate', '--to', line.url], inData())
    expect(done).toMatchObject({ code: 0, out: /rows went from .*\nNow set DATABASE_URL/ })
    expect(await marked()).toBe(true)

    await rm(mark)
    const away = await openLine(targets[1].url)
    const lost = away.loseAnswer(...commit)
    const waiting = pombo(['migrate', '--to', away.url], inData(), { cwd: folder() })
    await lost
    await away.cut()
    await waiting.printed(/asking, for a minute, whether it happened/)
    waiting.child.kill('SIGINT')
    expect(await waiting.ended()).toBe(1)
    expect(waiting.stderr()).toMatch(
      /broke while the move was committed.*either everything is there, or nothing.*stays marked.*psql/s,
    )
    expect(waiting.stderr()).toContain(`remove the file ${mark}, and run this again`)
    expect(await marked()).toBe(true)
  } finally {
    for (const one of targets) await one.drop()
  }
})

test('"pombo migrate --to" says that an outbox stays where it is, and by which setting it is read on', async () => {
  const [from, target] = [await createTestDatabase(), await createTestDatabase()]
  try {
    await from.pool.query('create schema pombo create table outbox (id bigint)')
    const { code, out } = await run(['migrate', '--to', target.url], { DATABASE_URL: from.url })
    expect(code).toBe(0)
    expect(out).toMatch(/The outbox in .* stays there: name it in POMBO_OUTBOX_URLS/)
  } finally {
    for (const one of [from, target]) await one.drop()
  }
})

test('"pombo backup" and "pombo restore" say what they did and what is unknown', async () => {
  receiver.answer = () => ({ status: 503 })
  const running = await serve(folder(), inData())
  await makeShop(running.url)
  for (let n = 0; n < 5; n++) await call(running.url, 'POST', '/app/shop/msg', event(n))
  const to = join(folder(), 'backup')
  expect(await run(['backup'], inData())).toMatchObject({ code: 2, err: /--to is missing/ })
  const taken = await run(['backup', '--to', to, '--with-keys'], inData())
  expect(taken.code).toBe(0)
  expect(taken.out).toMatch(/rows of the embedded database .*, as of .*\n5 deliveries were open/)
  expect(taken.out).toContain('The encryption keys are in it')
  expect((await run(['backup', '--to', to], inData())).err).toContain('exists already')
  const busy = await run(['restore', '--from', to], inData())
  expect(busy).toMatchObject({ code: 1 })
  expect(busy.err).toContain('in use by another Pombo')
  await stop(running)
  expect((await run(['restore', '--from', to], inData())).err).toContain(
    'The database is not empty',
  )

  const other = { POMBO_ENCRYPTION_KEYS: Buffer.alloc(32, 3).toString('base64') }
  const keyless = await run(['restore', '--from', to], { ...inData('other'), ...other })
  expect(keyless.err).toMatch(/encrypted under a key that is not here .* Nothing was restored/)
  const restored = await run(['restore', '--from', to], inData('other'))
  expect(restored.code).toBe(0)
  expect(restored.out).toMatch(/5 deliveries were open then\. They are closed as not sent/)
  receiver.answer = () => ({})
  receiver.received.length = 0
  const [, since] = /--since (\S+)/.exec(restored.out)!
  const second = await serve(folder(), inData('other'))
  const api = { POMBO_SERVER_URL: second.url, POMBO_API_KEY: apiKey }
  const replayed = await run(['replay', '--status', 'discarded', '--since', since!], api)
  expect(replayed).toMatchObject({ code: 0 })
  await until(() => received().length === 5)
  expect(receiver.received.every(({ headers }) => headers['x-token'] === 'mine')).toBe(true)
})

test('there is nothing to back up where no database is', async () => {
  const { code, err } = await run(['backup', '--to', join(folder(), 'b')], inData('none'))
  expect(code).toBe(1)
  expect(err).toMatch(/There is no database in .*none/)
})

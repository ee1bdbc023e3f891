import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'
import { call, folderPerTest, serve as serveIn } from './served.ts'

let receiver: Receiver

beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(async () => {
  await receiver.close()
})
const folder = folderPerTest()
const serve = async () => await serveIn(folder(), { POMBO_DATA_DIR: join(folder(), 'data') })

test('SIGTERM: what is in flight is finished and recorded, none sent twice; a second start has the rest', async () => {
  const first = await serve()
  const app = await call(first.url, 'POST', '/app', { name: 'test' })
  await call(first.url, 'POST', `/app/${app.id}/endpoint`, { url: receiver.url, maxInFlight: 4 })
  receiver.answer = () => ({ delayMs: 500 })
  const sent = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      call(first.url, 'POST', `/app/${app.id}/msg`, {
        eventType: 'message.received',
        payload: { n },
      }),
    ),
  )
  const ids = () => receiver.received.map(({ headers }) => String(headers['webhook-id']))
  await receiver.waitFor(4)
  first.process.child.kill('SIGTERM')
  expect(await first.process.ended()).toBe(0)
  expect(first.process.stderr()).toContain('everything in flight was finished and recorded')
  const finished = ids()
  expect(finished.length).toBeLessThan(20)

  receiver.answer = () => ({})
  const second = await serve()
  await receiver.waitFor(20)
  const delivered = async (id: string) => {
    const { data } = await call<{ data: { status: number }[] }>(
      second.url,
      'GET',
      `/app/${app.id}/msg/${id}/endpoint`,
    )
    return data[0]?.status === 0
  }
  await until(async () => (await Promise.all(sent.map(({ id }) => delivered(id)))).every(Boolean))
  expect(ids().toSorted()).toEqual(sent.map(({ id }) => id).toSorted())
})

/** A delivery that takes a while is under way; answers what `end` makes of the process. */
async function endedMeanwhile(
  { process, url }: Awaited<ReturnType<typeof serve>>,
  end: () => void,
  delayMs = 700,
): Promise<number | null> {
  const app = await call(url, 'POST', '/app', { name: 'test' })
  await call(url, 'POST', `/app/${app.id}/endpoint`, { url: receiver.url })
  receiver.answer = () => ({ delayMs })
  await call(url, 'POST', `/app/${app.id}/msg`, { eventType: 'message.received', payload: {} })
  await receiver.waitFor(1)
  end()
  return await process.ended()
}

test.each([
  ['SIGHUP', ['SIGHUP']],
  ['SIGQUIT', ['SIGQUIT']],
  // As a service manager may send it, and a shell whose terminal is gone.
  ['SIGTERM, and SIGHUP a while after', ['SIGTERM', 'SIGHUP']],
] as const)('%s: what is in flight is finished and recorded', async (_, signals) => {
  const served = await serve()
  const { child } = served.process
  const end = () => signals.forEach((signal, i) => setTimeout(() => child.kill(signal), i * 400))
  expect(await endedMeanwhile(served, end)).toBe(0)
  expect(served.process.stderr()).toContain('everything in flight was finished and recorded')
})

test('nobody reads the output any more: SIGTERM still ends in good order', async () => {
  const served = await serve()
  const { child } = served.process
  child.stderr!.destroy()
  child.stdout!.destroy()
  expect(await endedMeanwhile(served, () => child.kill('SIGTERM'))).toBe(0)
})

test.skipIf(!existsSync('/dev/full'))(
  'a log on a full disk: SIGTERM ends in good order',
  async () => {
    const full = await open('/dev/full', 'w')
    const env = { POMBO_DATA_DIR: join(folder(), 'data'), POMBO_LOG_LEVEL: 'info' }
    const served = await serveIn(folder(), env, { stdout: full.fd })
    await full.close()
    const { child } = served.process
    expect(await endedMeanwhile(served, () => child.kill('SIGTERM'))).toBe(0)
    expect(served.process.stderr()).toContain('everything in flight was finished and recorded')
  },
)

const two = async (env: Record<string, string> = {}) => {
  const options = { POMBO_DATA_DIR: join(folder(), 'data'), POMBO_PROCESSES: '2', ...env }
  const served = await serveIn(folder(), options, { detached: true })
  await served.process.printed(/processes: 2/)
  return served
}

test('several processes, each of which is sent SIGTERM: what is in flight is finished and recorded', async () => {
  const served = await two()
  const { child } = served.process
  const end = () => process.kill(-child.pid!, 'SIGTERM')
  expect(await endedMeanwhile(served, end)).toBe(0)
  expect(served.process.stderr()).toContain('everything in flight was finished and recorded')
})

test('several processes: what is not finished within the grace is said', async () => {
  const served = await two({ POMBO_SHUTDOWN_GRACE_MS: '300ms' })
  const { child } = served.process
  expect(await endedMeanwhile(served, () => child.kill('SIGTERM'), 10_000)).toBe(1)
  expect(served.process.stderr()).toContain('Some deliveries were not finished in time')
})

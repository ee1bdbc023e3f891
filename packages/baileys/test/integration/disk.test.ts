import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectBaileys } from '../../src/connection.ts'
import type { ConnectionStats } from '../../src/options.ts'
import { realEmitter } from '../real-baileys.ts'
import { type Receiver, startReceiver } from '../receiver.ts'

const program = fileURLToPath(new URL('../gateway-process.ts', import.meta.url))
let receiver: Receiver
let directory: string
let children: ChildProcess[]

beforeEach(async () => {
  receiver = await startReceiver()
  directory = mkdtempSync(join(tmpdir(), 'pombo-gateway-'))
  children = []
})

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await receiver.stop()
  rmSync(directory, { recursive: true, force: true })
})

interface Gateway {
  child: ChildProcess
  lines: string[]
  ended: Promise<unknown>
}

function startGateway(from: number, count: number): Gateway {
  const child = spawn(process.execPath, [program, receiver.url, directory, `${from}`, `${count}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const lines: string[] = []
  createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line))
  return { child, lines, ended: once(child, 'close') }
}

type Upsert = { messages: { key: { id: string } }[] }

/** Ids of the messages, each once, in the order of their first arrival. */
function arrived(): string[] {
  const events = new Map(receiver.events().map((event) => [event.id, event]))
  return [...events.values()].map(({ data }) => (data as Upsert).messages[0]!.key.id)
}

test('a gateway killed in the middle loses nothing that Baileys handed over: the next delivers in order', async () => {
  const first = startGateway(0, 100_000)
  await expect.poll(() => receiver.batches.length).toBeGreaterThan(3)
  await receiver.goAway()
  const soFar = first.lines.length
  await expect.poll(() => first.lines.length).toBeGreaterThan(soFar + 300)
  first.child.kill('SIGKILL')
  await first.ended
  const handedOver = first.lines.filter((line) => line.startsWith('M'))
  await receiver.comeBack()

  const second = startGateway(200_000, 5)
  await second.ended
  const resumed = Number(second.lines[0]!.replace('resumed ', ''))
  expect(resumed).toBeGreaterThan(300)
  const stats = JSON.parse(second.lines.at(-1)!) as ConnectionStats
  // A line that it died in the middle of was not handed over yet: there may be one.
  const { damaged, total } = stats.dropped
  expect(damaged).toBeLessThanOrEqual(1)
  expect(stats).toMatchObject({ resumed, sent: resumed + 5 - damaged })
  expect(total).toBe(damaged)

  const ids = arrived()
  // Its last lines may have died with it in the pipe, so there may be more than it said; none is missing between.
  const before = ids.slice(0, -5)
  expect(before).toEqual(before.map((_, n) => `M${n}`))
  expect(before.slice(0, handedOver.length)).toEqual(handedOver)
  expect(ids.slice(-5)).toEqual([0, 1, 2, 3, 4].map((n) => `M${200_000 + n}`))
  expect(readdirSync(directory)).toEqual(['cursor'])
})

test('closed while Pombo is away, what waits stays on disk for the next, counted as waiting, not as lost', async () => {
  const options = {
    pombo: { url: receiver.url, token: 't' },
    session: 'loja',
    buffer: { directory },
  }
  await receiver.goAway()
  const sock = realEmitter()
  const first = connectBaileys(sock, options)
  sock.ev.emit('connection.update', { connection: 'open' })
  expect(() => connectBaileys(realEmitter(), options)).toThrow('connection.attach(sock)')
  const stats = await first.close({ timeoutMs: 20 })
  expect(stats).toMatchObject({ sent: 0, waiting: { events: 1 }, dropped: { total: 0 } })

  await receiver.comeBack()
  const second = connectBaileys({ ...realEmitter(), user: undefined }, options)
  expect(await second.flush({ timeoutMs: 5_000 })).toBe(true)
  expect(await second.close()).toMatchObject({ resumed: 1, received: 0, sent: 1 })
  expect(receiver.events()).toMatchObject([{ data: { connection: 'open' } }])
  // Of the account that it was then.
  expect(receiver.batches[0]?.me).toMatchObject({ id: sock.user?.id })
})

// The real `pombo serve`, as a process of its own in a folder of its own, with real receivers beside it. On the
// embedded database where its start or end is part of what is said; else on a copy of the run's, as making one and its
// server takes 3 s of a core.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { startSink, type Received, type Sink } from '../../src/cli/sink/receive.ts'
import { wellBehaved, type Mischief } from '../../src/cli/sink/mischief.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { type CliProcess, pombo } from './cli-process.ts'
import { apiKey, call, folderPerTest } from './served.ts'

const local = { POMBO_LISTEN: '127.0.0.1:0', POMBO_ALLOW_SUBNETS: '127.0.0.0/8' }
const sinks: Sink[] = []
const databases: TestDatabase[] = []

afterEach(async () => {
  await Promise.all(sinks.splice(0).map((sink) => sink.close()))
  await Promise.all(databases.splice(0).map((database) => database.drop()))
})
const folder = folderPerTest()

async function serve(
  env: Record<string, string> = {},
  args: string[] = [],
  options: { detached?: boolean } = {},
): Promise<{ process: CliProcess; url: string }> {
  const process = pombo(['serve', ...args], { ...local, ...env }, { cwd: folder(), ...options })
  const [, url] = await process.printed(/Pombo listens at (http:\S+)/)
  return { process, url: url! }
}

/** The settings of a database of the test's own. */
async function onDatabase(): Promise<Record<string, string>> {
  const database = await createTestDatabase()
  databases.push(database)
  const keys = Buffer.alloc(32, 7).toString('base64')
  return { DATABASE_URL: database.url, POMBO_ENCRYPTION_KEYS: keys, POMBO_API_KEY: apiKey }
}

async function sink(
  mischief: Partial<Mischief> = {},
): Promise<{ sink: Sink; received: Received[] }> {
  const received: Received[] = []
  const started = await startSink({
    host: '127.0.0.1',
    port: 0,
    mischief: { ...wellBehaved, ...mischief },
    verify: () => undefined,
    onReceived: (one) => received.push(one),
  })
  sinks.push(started)
  return { sink: started, received }
}

async function until(what: string, isSo: () => boolean, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`never came true: ${what}`)
    await sleep(20)
  }
}

async function appWithEndpoint(
  url: string,
  target: string,
  settings: Record<string, unknown> = {},
): Promise<{ app: string; endpoint: string }> {
  const { id: app } = await call(url, 'POST', '/app', { name: 'test' })
  const { id: endpoint } = await call(url, 'POST', `/app/${app}/endpoint`, {
    url: target,
    ...settings,
  })
  return { app, endpoint }
}

const event = { eventType: 'message.received', payload: { n: 1 } }

describe('serve', () => {
  test('the first start prints a key that works, and no later start prints it again', async () => {
    const first = await serve()
    const [, key] = await first.process.printed(/API key: (\S+)/)
    expect(first.process.stderr()).toContain(`data folder: ${folder()}`)
    expect(first.process.stderr().match(/.*schema.*/g)).toEqual(['making the schema'])
    await expect(call(first.url, 'GET', '/app', undefined, key)).resolves.toMatchObject({
      data: [],
    })
    first.process.child.kill('SIGTERM')
    expect(await first.process.ended()).toBe(0)
    const second = await serve()
    await expect(call(second.url, 'GET', '/app', undefined, key)).resolves.toMatchObject({
      data: [],
    })
    expect(second.process.stderr()).not.toContain('API key')
    expect(second.process.stdout() + first.process.stdout()).not.toContain(key)
  })

  test('a taken port is refused by its number before anything is started', async () => {
    const { url } = await serve(await onDatabase())
    const { port } = new URL(url)
    const second = pombo(
      ['serve', '--listen', `127.0.0.1:${port}`, '--data-dir', join(folder(), 'other')],
      local,
    )
    expect(await second.ended()).toBe(1)
    expect(second.stderr()).toMatch(
      new RegExp(
        `^Port ${port} on 127.0.0.1 is taken by another program .* POMBO_LISTEN \\(or --listen\\)\\.\\n$`,
      ),
    )
  })

  test('files that are named and not there are all told of, before anything is made', async () => {
    const dataDir = join(folder(), 'not-made')
    const files = ['POMBO_TLS_CERT', 'POMBO_TLS_KEY', 'POMBO_EGRESS_CA'].map(
      (variable) => [variable, join(folder(), `${variable}.pem`)] as const,
    )
    const started = pombo(['serve', '--data-dir', dataDir], {
      ...local,
      ...Object.fromEntries(files),
    })
    expect(await started.ended()).toBe(1)
    for (const [variable, path] of files)
      expect(started.stderr()).toContain(`${variable} names ${path}, which cannot be read`)
    expect(existsSync(dataDir)).toBe(false)
  })

  test('Ctrl-C finishes what is in flight before it ends', async () => {
    const slow = await sink({ latencyMs: 700 })
    const { process, url } = await serve({ POMBO_API_KEY: apiKey })
    const { app } = await appWithEndpoint(url, slow.sink.url)
    await call(url, 'POST', `/app/${app}/msg`, event)
    await until('the request has arrived', () => slow.sink.inFlight() === 1)
    process.child.kill('SIGINT')
    expect(await process.ended()).toBe(0)
    expect(slow.received).toMatchObject([{ status: 200, time: 1 }])
    expect(process.stderr()).toMatch(
      /Ctrl-C: stopping\..*\nStopped; everything in flight was finished and recorded\.\n$/,
    )

    const again = await serve({ POMBO_API_KEY: apiKey })
    const { data } = await call<{ data: { status: number }[] }>(
      again.url,
      'GET',
      `/app/${app}/msg/${slow.received[0]!.id}/endpoint`,
    )
    expect(data).toMatchObject([{ status: 0 }])
    expect(slow.received).toHaveLength(1)
  })

  test('a second Ctrl-C does not wait', async () => {
    const hanging = await sink({ hang: 1 })
    const { process, url } = await serve({ POMBO_API_KEY: apiKey, POMBO_SHUTDOWN_GRACE_MS: '60s' })
    const { app } = await appWithEndpoint(url, hanging.sink.url, { timeoutMs: 60_000 })
    await call(url, 'POST', `/app/${app}/msg`, event)
    await until('the request has arrived', () => hanging.sink.inFlight() === 1)
    process.child.kill('SIGINT')
    await process.printed(/Ctrl-C: stopping/)
    // As soon as a person's may be; what comes at once is the first, handed on by npm.
    await new Promise((resolve) => setTimeout(resolve, 300))
    process.child.kill('SIGINT')
    expect(await process.ended()).toBe(130)
  })

  test('what is not finished within the grace is said, and sent again after the next start', async () => {
    const hanging = await sink({ hang: 1 })
    const { process, url } = await serve({
      POMBO_API_KEY: apiKey,
      POMBO_SHUTDOWN_GRACE_MS: '300ms',
    })
    const { app } = await appWithEndpoint(url, hanging.sink.url, { timeoutMs: 60_000 })
    await call(url, 'POST', `/app/${app}/msg`, event)
    await until('the request has arrived', () => hanging.sink.inFlight() === 1)
    process.child.kill('SIGTERM')
    expect(await process.ended()).toBe(1)
    expect(process.stderr()).toContain('1 deliveries were not finished in time')
    hanging.sink.behave(wellBehaved)
    await serve({ POMBO_API_KEY: apiKey })
    await until(
      'it is sent again',
      () => hanging.received.some(({ status }) => status === 200),
      30_000,
    )
    expect(hanging.sink.counts.distinct).toBe(1)
  })

  test('each attempt is one line of JSON on standard output, without payload and secrets', async () => {
    const good = await sink()
    const { process, url } = await serve({ ...(await onDatabase()), POMBO_LOG_FORMAT: 'json' })
    const { app, endpoint } = await appWithEndpoint(url, good.sink.url)
    const { key: secret } = await call<{ key: string }>(
      url,
      'GET',
      `/app/${app}/endpoint/${endpoint}/secret`,
    )
    const { id } = await call(url, 'POST', `/app/${app}/msg`, {
      ...event,
      payload: { text: 'hunter2' },
    })
    await process.printed(/"msg":"attempt"/)
    process.child.kill('SIGTERM')
    await process.ended()
    const lines = process
      .stdout()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const attempts = lines.filter(({ msg }) => msg === 'attempt')
    expect(attempts).toMatchObject([
      {
        app,
        endpoint,
        message: id,
        eventType: 'message.received',
        attempt: 1,
        outcome: 'delivered',
        status: 200,
        circuit: 'closed',
        dialect: 'standard',
      },
    ])
    for (const hidden of ['hunter2', secret, apiKey])
      expect(process.stdout() + process.stderr()).not.toContain(hidden)
  })
})

describe('serve --processes', () => {
  test('several processes answer at one address, share the work, and their figures are summed', async () => {
    const good = await sink()
    const { process, url } = await serve({ ...(await onDatabase()), POMBO_LOG_LEVEL: 'warn' }, [
      '--processes',
      '2',
    ])
    await process.printed(/processes: 2/)
    const { app } = await appWithEndpoint(url, good.sink.url)
    // Connections, not requests, are dealt out to the processes.
    const send = () =>
      fetch(`${url}/api/v1/app/${app}/msg`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${apiKey}`,
          'content-type': 'application/json',
          connection: 'close',
        },
        body: JSON.stringify(event),
      })
    for (let sent = 0; sent < 20; sent++) expect((await send()).status).toBe(202)
    await until('all have arrived', () => good.sink.counts.accepted === 20)
    for (let scrape = 0; scrape < 3; scrape++) {
      const text = await (
        await fetch(`${url}/metrics`, { headers: { connection: 'close' } })
      ).text()
      expect(text).toContain('pombo_accepted_total{result="accepted"} 20')
    }
    process.child.kill('SIGTERM')
    expect(await process.ended()).toBe(0)
    expect(good.sink.counts).toMatchObject({ distinct: 20, repeats: 0 })
  })

  test('a stop that reaches every process, as systemd may send it, is one stop in good order', async () => {
    const slow = await sink({ latencyMs: 1_000 })
    const { process, url } = await serve(await onDatabase(), ['--processes', '2'], {
      detached: true,
    })
    await process.printed(/processes: 2/)
    const { app } = await appWithEndpoint(url, slow.sink.url)
    for (let sent = 0; sent < 4; sent++) await call(url, 'POST', `/app/${app}/msg`, event)
    await until('one is in flight', () => slow.sink.inFlight() > 0)
    globalThis.process.kill(-process.child.pid!, 'SIGTERM')
    expect(await process.ended(), process.stderr()).toBe(0)
    expect(process.stderr()).toContain('everything in flight was finished and recorded')
    expect(slow.sink.counts.repeats).toBe(0)
  })

  test('a process that is killed is replaced, and nothing is lost', async () => {
    const good = await sink()
    const { process, url } = await serve(
      {
        ...(await onDatabase()),
        POMBO_LOG_LEVEL: 'info',
        POMBO_LOG_FORMAT: 'json',
        POMBO_LEASE_MS: '2s',
      },
      ['--processes', '2'],
    )
    await process.printed(/processes: 2/)
    const { app } = await appWithEndpoint(url, good.sink.url)
    await call(url, 'POST', `/app/${app}/msg`, event)
    const [, pid] = await process.printed(/"node":"[^"]*:(\d+)"/)
    globalThis.process.kill(Number(pid), 'SIGKILL')
    await process.printed(new RegExp(`Process ${pid} ended \\(SIGKILL\\); starting another`))
    for (let sent = 0; sent < 5; sent++)
      await call(url, 'POST', `/app/${app}/msg`, event).catch(() =>
        call(url, 'POST', `/app/${app}/msg`, event),
      )
    await until('all have arrived', () => good.sink.counts.distinct >= 6, 20_000)
  })
})

describe('with a running server', () => {
  test('listen receives, forwards the answer, and removes its endpoint at the end', async () => {
    const own = await sink({ fail: 1, status: 418 })
    const { url } = await serve(await onDatabase())
    const { id: app } = await call(url, 'POST', '/app', { name: 'Loja' })
    const client = { POMBO_API_KEY: apiKey, POMBO_SERVER_URL: url }
    const listening = pombo(
      ['listen', '--events', 'message.*', '--forward', `${own.sink.url}/in`],
      client,
    )
    await listening.printed(/Listening to Loja as ep_\w+/)
    expect((await call<{ data: unknown[] }>(url, 'GET', `/app/${app}/endpoint`)).data).toHaveLength(
      1,
    )
    await call(url, 'POST', `/app/${app}/msg`, { eventType: 'session.connected', payload: {} })
    const { id } = await call(url, 'POST', `/app/${app}/msg`, event)
    await listening.printed(new RegExp(`418 valid {2}${id}`))
    listening.child.kill('SIGINT')
    expect(await listening.ended()).toBe(0)
    expect(listening.stderr()).toContain('1 requests for 1 messages: 0 accepted, 1 refused')
    expect(own.received).toMatchObject([{ path: '/in', body: Buffer.from('{"n":1}') }])
    expect((await call<{ data: unknown[] }>(url, 'GET', `/app/${app}/endpoint`)).data).toEqual([])
  })

  test('sink fetches the secret of an endpoint and checks with it', async () => {
    const { url } = await serve(await onDatabase())
    const receiving = pombo(['sink', '--listen', '127.0.0.1:0'])
    const [, target] = await receiving.printed(/Receiving at http:\/\/(\S+)/)
    const { app, endpoint } = await appWithEndpoint(url, `http://${target}/in`)
    receiving.child.kill('SIGINT')
    await receiving.ended()
    const client = { POMBO_API_KEY: apiKey, POMBO_SERVER_URL: url }
    const checking = pombo(
      ['sink', '--listen', target!, '--app', app, '--endpoint', endpoint],
      client,
    )
    await checking.printed(/signatures are checked/)
    const { id } = await call(url, 'POST', `/app/${app}/msg`, event)
    await checking.printed(new RegExp(`200 valid {2}${id}`))
  })

  test('a wrong key and a server that is not there are explained', async () => {
    const { url } = await serve(await onDatabase())
    const wrong = pombo(['listen'], {
      POMBO_API_KEY: 'another-key-0123456789',
      POMBO_SERVER_URL: url,
    })
    expect(await wrong.ended()).toBe(1)
    expect(wrong.stderr()).toMatch(/answered 401/)
    const nobody = pombo(['listen'], {
      POMBO_API_KEY: apiKey,
      POMBO_SERVER_URL: 'http://127.0.0.1:1',
    })
    expect(await nobody.ended()).toBe(1)
    expect(nobody.stderr()).toContain('No Pombo answers at http://127.0.0.1:1')
  })
})

// How the embedded PostgreSQL ends, with Pombo and without, and what the next start makes of that.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { expect, test } from 'vitest'
import { startChild } from '../../src/db/embedded/child.ts'
import {
  embeddedTests,
  isLinux,
  isRoot,
  isRunning,
  parentOf,
  processes,
  processesIn,
  query,
  until,
} from '../support/embedded-tests.ts'

const at = embeddedTests()
const { pombo, start, seeded } = at

test('it ends with Pombo, however Pombo ends', async () => {
  const ways = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const
  const all = ways.map((way) => ({ way, child: pombo(seeded(join(at.folder, way))) }))
  for (const { way, child } of all) {
    const { url, pid } = await child.line('ready')
    await query(url!, 'insert into kept values (2)')
    child.process.kill(way)
    await until(`PostgreSQL ended after ${way}`, () => !isRunning(pid!))
    expect(await readFile(join(at.folder, way, 'postgres.log'), 'utf8')).toMatch(
      /database system is shut down\n$/,
    )
  }
  await until('their shells ended too', () => processesIn(at.folder).length === 0)
  const again = await start(join(at.folder, 'SIGKILL'))
  expect(await query(again.url, 'select one from kept')).toEqual([{ one: 1 }, { one: 2 }])
})

test('it ends too when Pombo ends before it could set up its signal handlers', async () => {
  const output = await open(join(at.folder, 'output'), 'a')
  const args = ['-e', 'setInterval(() => {}, 1000)']
  const child = await startChild({
    program: process.execPath,
    args,
    folder: at.folder,
    user: undefined,
    output,
  })
  child.interrupt()
  await child.exited
  await output.close()
})

test("a terminal's Ctrl-C reaches Pombo but not PostgreSQL, which serves until Pombo has drained", async () => {
  const child = pombo(seeded(at.folder), { flags: ['--ignore-sigint'] })
  const { url, pid } = await child.line('ready')
  process.kill(-child.process.pid!, 'SIGINT')
  await child.line('interrupted')
  expect(await query(url!, 'select 1 as one')).toEqual([{ one: 1 }])
  await child.stop()
  await until('PostgreSQL ended', () => !isRunning(pid!))
})

test('a Pombo killed while it creates the database leaves nothing that the next start stumbles over', async () => {
  const dataDir = join(at.folder, 'data')
  const killed = pombo(dataDir)
  await killed.line('log')
  await until('initdb runs', () => readdirSync(dataDir).some((name) => name.startsWith('.draft-')))
  killed.process.kill('SIGKILL')
  await until('initdb ended', () => processesIn(at.folder).length === 0)
  expect(existsSync(join(dataDir, 'postgres'))).toBe(false)

  const { url } = await start(dataDir)
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect((await readdir(dataDir)).toSorted()).toEqual([
    'pombo.lock',
    'pombo.pid',
    'postgres',
    'postgres.log',
  ])
})

test('killed itself, it comes back at the same address with everything it acknowledged', async () => {
  const messages: string[] = []
  const server = await start(seeded(at.folder), (message) => messages.push(message))
  await query(server.url, 'insert into kept values (2)')
  const busy = new pg.Client({ connectionString: server.url })
  busy.on('error', () => {})
  await busy.connect()
  // Computing, a backend does not notice that its server is gone; while it lives, the data is not free.
  const computing = busy
    .query('select count(*) from generate_series(1, 1000000000)')
    .catch(() => 'cut off')
  await until('it computes', async () => {
    const sql = `select from pg_stat_activity where query like '%generate_series(1, 1%' and pid <> pg_backend_pid()`
    return (await query(server.url, sql)).length === 1
  })
  const killed = server.pid
  process.kill(killed, 'SIGKILL')
  await until('it is back', () => messages.some((message) => message.includes('is back')))
  expect(server.pid).not.toBe(killed)
  expect(await query(server.url, 'select one from kept')).toEqual([{ one: 1 }, { one: 2 }])
  expect(messages.join('\n')).toContain('ended unexpectedly')
  expect(await computing).toBe('cut off')
  await server.stop()
  expect(isRunning(server.pid)).toBe(false)
})

test('with both killed, and another process under the pid in their lock files, the next start recovers', async () => {
  const child = pombo(seeded(at.folder))
  const { url, pid } = await child.line('ready')
  await query(url!, 'insert into kept values (2)')
  // Stopped first: it must not see the server die and revive it before it is killed itself.
  child.process.kill('SIGSTOP')
  process.kill(pid!, 'SIGKILL')
  child.process.kill('SIGKILL')
  await until('all of it ended', () => !isRunning(pid!) && processesIn(at.folder).length === 0)

  const data = join(at.folder, 'postgres')
  const { uid, gid } = await stat(data)
  // Of the server's own user, or PostgreSQL could tell by itself that it is none.
  const unrelated = spawn('/bin/sleep', ['60'], { cwd: '/', ...(isRoot ? { uid, gid } : {}) })
  for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
    const text = await readFile(join(data, name), 'utf8')
    expect(text).toMatch(new RegExp(`^${pid}\n`))
    await writeFile(join(data, name), text.replace(/^\d+/, String(unrelated.pid)))
  }
  try {
    const again = await start(at.folder)
    expect(await query(again.url, 'select one from kept')).toEqual([{ one: 1 }, { one: 2 }])
    expect(unrelated.exitCode ?? unrelated.signalCode).toBeNull()
  } finally {
    unrelated.kill()
  }
})

test('a start that comes while a killed Pombo is still going down waits for it', async () => {
  const child = pombo(seeded(at.folder))
  await child.line('ready')
  const next = start(at.folder)
  child.process.kill('SIGKILL')
  expect(await query((await next).url, 'select one from kept')).toEqual([{ one: 1 }])
})

test.runIf(isLinux)(
  'a server that lost Pombo and its shell at once is stopped by the next start',
  async () => {
    const child = pombo(at.folder)
    const { url, pid } = await child.line('ready')
    await query(url!, 'create table kept as select 1 as one')
    const shell = parentOf(pid!)!
    const watchers = processes().filter((other) => other !== pid && parentOf(other) === shell)
    expect(watchers).toHaveLength(1)
    child.process.kill('SIGSTOP') // or it would notice the first kill, and the watcher its death
    for (const victim of [shell, ...watchers, child.process.pid!]) process.kill(victim, 'SIGKILL')
    await until('they are gone', () => [shell, ...watchers].every((victim) => !isRunning(victim)))
    expect(isRunning(pid!)).toBe(true)

    const messages: string[] = []
    const again = await start(at.folder, (message) => messages.push(message))
    expect(messages.join()).toContain(`an earlier PostgreSQL (process ${pid}) still runs`)
    expect(isRunning(pid!)).toBe(false)
    expect(await query(again.url, 'select one from kept')).toEqual([{ one: 1 }])
  },
)

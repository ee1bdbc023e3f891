import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../support/receiver.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pombo-npm-start-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
})

test.each([
  ['SIGTERM to the process of `npm start` alone', (pid: number) => process.kill(pid, 'SIGTERM')],
  // What npm does not hand on.
  ['SIGHUP to that process', (pid: number) => process.kill(pid, 'SIGHUP')],
  ['SIGKILL to that process', (pid: number) => process.kill(pid, 'SIGKILL')],
  // As a terminal sends it: to npm and to the server, which npm hands it on to once more.
  ['Ctrl-C', (pid: number) => process.kill(-pid, 'SIGINT')],
])('%s ends the server too, in good order', async (_, end) => {
  const npm = spawn('npm', ['start', '--silent'], {
    cwd: join(import.meta.dirname, '../../../..'),
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      POMBO_LISTEN: '127.0.0.1:0',
      POMBO_DATA_DIR: join(folder, 'data'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  npm.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  npm.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const url = await until(() => /Pombo listens at (http:\S+)/.exec(output)?.[1], 60_000)
  const exited = once(npm, 'exit')
  end(npm.pid!)
  await exited
  await until(() => (output.includes('Stopped; everything in flight') ? true : undefined), 20_000)
  await expect(fetch(`${url}/api/v1/health`)).rejects.toThrow()
})

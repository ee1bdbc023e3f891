// A `redis-server` of one's own on a free port, that can be killed and started again with what it had written.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { until } from './receiver.ts'

export interface RedisServer {
  url: string
  port: number
  /** Ends it without a word, as a machine that loses power would; what it acknowledged is on disk. */
  kill(): Promise<void>
  /** Starts it again with what was on disk. */
  start(): Promise<void>
  /** By `redis-cli`'s own words, for a look from outside; one value or a line for each. */
  ask(...words: string[]): string[]
  stop(): Promise<void>
}

/** Why there is none on this machine, or undefined where there is. */
export const redisMissing: string | undefined =
  spawnSync('redis-server', ['--version']).status === 0
    ? undefined
    : 'NOT RUN: there is no redis-server on this machine; install it to try the Redis sources'

export async function startRedis(): Promise<RedisServer> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'pombo-redis-'))
  let child: ChildProcess | undefined
  let ended: Promise<unknown> | undefined
  const server: RedisServer = {
    url: `redis://127.0.0.1:${port}`,
    port,
    async kill() {
      child?.kill('SIGKILL')
      await ended
      child = undefined
    },
    async start() {
      const options = { port, dir: folder, save: '', appendonly: 'yes', appendfsync: 'always' }
      const args = Object.entries({ ...options, bind: '127.0.0.1' })
      child = spawn(
        'redis-server',
        args.flatMap(([name, value]) => [`--${name}`, String(value)]),
        { stdio: 'ignore' },
      )
      ended = once(child, 'close')
      const exited = child
      await until(async () => {
        if (exited.exitCode !== null) throw new Error('redis-server ended at its start')
        return await answers(port)
      })
    },
    ask(...words) {
      const { stdout, stderr, status } = spawnSync('redis-cli', ['-p', String(port), ...words])
      if (status !== 0) throw new Error(`redis-cli: ${stderr.toString()}`)
      return stdout.toString().split('\n').slice(0, -1)
    },
    async stop() {
      await server.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  await server.start()
  return server
}

/** Whether it says PONG: while it reads its file, it listens and says LOADING. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write('PING\r\n')
    const [reply] = (await once(socket, 'data')) as [Buffer]
    return reply.toString().startsWith('+PONG')
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

// Brokers of one's own on free ports, that can be ended and started again with what they had written.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { freePort } from './free-port.ts'
import { until } from './receiver.ts'

export interface BrokerProcess {
  host: string
  /** Ends it: by `SIGKILL` without a word. */
  end(signal: NodeJS.Signals): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
  /** Writes which queues it has, where it would do so only after half a minute. */
  settle?(): void
}

/** Why a program is not there, or undefined where it is; in CI it has to be. */
export function programMissing(name: string): string | undefined {
  const isThere = name.startsWith('/')
    ? existsSync(name)
    : spawnSync(name, ['-h']).error === undefined
  if (isThere) return undefined
  const why = `NOT RUN: there is no ${name} on this machine`
  if (process.env['CI'] === 'true' && process.env['POMBO_TEST_BROKERS'] !== 'optional')
    throw new Error(why)
  return why
}

export async function startNats(): Promise<BrokerProcess> {
  return await started('nats-server', (port, folder) => [
    '-a',
    '127.0.0.1',
    '-p',
    String(port),
    '-js',
    '-sd',
    folder,
  ])
}

export async function startMosquitto(): Promise<BrokerProcess> {
  return await started('mosquitto', (port, folder) => {
    const file = join(folder, 'mosquitto.conf')
    const lines = [
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      'persistence true',
      `persistence_location ${folder}/`,
      'max_queued_messages 0',
      // Written after every turn of its loop, or a kill would take what it said yes to in half an hour.
      'autosave_on_changes true',
      'autosave_interval 1',
    ]
    // Started by root, it would become somebody who may not write there.
    if (process.getuid?.() === 0) lines.push('user root')
    writeFileSync(file, `${lines.join('\n')}\n`)
    return ['-c', file]
  })
}

/** Where Debian has it: the one in the path is a wrapper that becomes the user of the machine's own broker. */
export const rabbitmqProgram = '/usr/lib/rabbitmq/bin/rabbitmq-server'
const rabbitmqControl = '/usr/lib/rabbitmq/bin/rabbitmqctl'

export async function startRabbitmq(): Promise<BrokerProcess> {
  const distributionPort = await freePort()
  let place: { HOME: string; RABBITMQ_NODENAME: string } | undefined
  const broker = await started(
    rabbitmqProgram,
    () => [],
    (port, folder) => ({
      ...(place = { HOME: folder, RABBITMQ_NODENAME: `pombo-${port}@localhost` }),
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(distributionPort),
      RABBITMQ_MNESIA_BASE: join(folder, 'data'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_CONFIG_FILE: join(folder, 'none'),
      RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'none'),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
      ERL_EPMD_ADDRESS: '127.0.0.1',
      // Its script becomes the broker, so that the one that is killed is the broker.
      RUNNING_UNDER_SYSTEMD: '1',
    }),
  )
  return {
    ...broker,
    // A kill before takes a new quorum queue or stream with it (RabbitMQ 3.10).
    settle() {
      const words = ['eval', '[dets:sync(T) || T <- dets:all()].']
      const { status, stderr } = spawnSync(rabbitmqControl, words, {
        env: { ...process.env, ...place },
      })
      if (status !== 0) throw new Error(`rabbitmqctl: ${stderr.toString()}`)
    },
  }
}

async function started(
  program: string,
  args: (port: number, folder: string) => string[],
  environment: (port: number, folder: string) => Record<string, string> = () => ({}),
): Promise<BrokerProcess> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), `pombo-${basename(program)}-`))
  let child: ChildProcess | undefined
  let ended: Promise<unknown> | undefined
  const broker: BrokerProcess = {
    host: `127.0.0.1:${port}`,
    async end(signal) {
      child?.kill(signal)
      await ended
      child = undefined
    },
    async start() {
      const env = { ...process.env, ...environment(port, folder) }
      child = spawn(program, args(port, folder), { stdio: 'ignore', env })
      ended = once(child, 'close')
      const running = child
      await until(async () => {
        if (running.exitCode !== null) throw new Error(`${program} ended at its start`)
        return await listens(port)
      }, 120_000)
    },
    async stop() {
      await broker.end('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
  await broker.start()
  return broker
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

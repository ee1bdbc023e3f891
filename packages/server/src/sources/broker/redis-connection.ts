/**
 * Connections to Redis by ioredis, which is loaded when the first one is opened.
 *
 * A connection that breaks is opened again until it is closed. Commands that wait for it go out in their order. What
 * becomes of a command that was under way is unknown, so `resend` decides: BullMQ has it sent again, as it expects of
 * ioredis; the others have it refused.
 */
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis, RedisOptions as ClientOptions } from 'ioredis'

export interface RedisOptions {
  /** `redis://user:password@host:port/database`, or `rediss://` for TLS. */
  url: string
  /** Shown by `CLIENT LIST`. */
  name: string
  resend?: boolean
  /** Past the guard of addresses; unless given, ioredis connects by itself. */
  dial?: (() => Promise<Socket>) | undefined
  /** Why it could not be opened, or broke. */
  onError: (error: Error) => void
}

/** Blocking commands wait 10 s at most, so a server that is silent for longer than this is gone. */
const silenceMs = 30_000
const pingMs = 10_000
const longestPauseMs = 2_000

/** Why connections broke or could not be made. */
const failures = new WeakSet<Error>()

/** Whether it says that the connection is gone, rather than that Redis refused something. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const refused = ['MaxRetriesPerRequestError', 'AbortError'].includes(error.name)
  return refused || failures.has(error) || error.message === 'Connection is closed.'
}

export async function openRedis({
  url,
  name,
  resend,
  dial,
  onError,
}: RedisOptions): Promise<Redis> {
  const { Redis } = await import('ioredis')
  const redis = new Redis(url, {
    connectionName: name,
    ...(dial && { Connector: connectorOf(dial, onError) }),
    disableClientInfo: true,
    keepAlive: 10_000,
    retryStrategy: (attempts) => Math.min(50 * 2 ** (attempts - 1), longestPauseMs),
    // 0 refuses what was under way. `autoResendUnfulfilledCommands: false` would leave it unanswered for ever
    // (ioredis 5.11).
    maxRetriesPerRequest: resend ? null : 0,
  })
  return watched(redis, onError)
}

/**
 * What hands ioredis a socket that is open already, at every attempt. It tries by itself until it is told to end:
 * ioredis takes a connector that fails for the end of it all (5.11).
 */
function connectorOf(
  dial: () => Promise<Socket>,
  onError: (error: Error) => void,
): NonNullable<ClientOptions['Connector']> {
  class Connector {
    #socket: Socket | undefined
    readonly #ending = new AbortController()
    connect = async () => {
      for (let attempts = 0; ; attempts++) {
        try {
          return (this.#socket = await dial())
        } catch (error) {
          if (this.#ending.signal.aborted) throw error
          onError(error as Error)
        }
        const pauseMs = Math.min(50 * 2 ** attempts, longestPauseMs)
        await sleep(pauseMs, undefined, { signal: this.#ending.signal })
      }
    }
    disconnect = () => {
      this.#ending.abort()
      this.#socket?.destroy()
    }
    check = () => true
  }
  return Connector as unknown as NonNullable<ClientOptions['Connector']>
}

/** The same connection once more, as BullMQ wants one for its blocking commands. */
export function duplicateRedis(
  redis: Redis,
  options: Parameters<Redis['duplicate']>[0],
  onError: (error: Error) => void,
): Redis {
  return watched(Object.getPrototypeOf(redis).duplicate.call(redis, options) as Redis, onError)
}

function watched(redis: Redis, onError: (error: Error) => void): Redis {
  redis.on('error', (error: Error) => {
    failures.add(error)
    onError(withoutCommand(error))
  })
  redis.on('connect', () => {
    const { stream } = redis
    stream.setTimeout(silenceMs, () =>
      stream.destroy(new Error(`Redis did not answer within ${silenceMs} ms`)),
    )
  })
  // An idle connection is silent too, and one that is dead would not show it.
  const pinging = setInterval(() => {
    if (redis.status === 'ready') redis.ping().catch(() => {})
  }, pingMs)
  pinging.unref()
  redis.once('end', () => clearInterval(pinging))
  return redis
}

/** ioredis notes the command with its arguments at an error: payloads, and the password. Neither belongs in a log. */
export function withoutCommand<E>(error: E): E {
  if (error instanceof Error)
    for (const name of ['command', 'previousErrors']) Reflect.deleteProperty(error, name)
  return error
}

/** Closes at once; what is under way or waits is refused. */
export function closeRedis(redis: Redis): void {
  // Between two attempts ioredis forgets what waits, unless it is closed in the middle of an attempt.
  if (redis.status === 'reconnecting') redis.connect().catch(() => {})
  redis.disconnect()
}

import { Redis, type RedisOptions } from 'ioredis'
import { Declined } from '../contract/declined.ts'
import type { Tools } from '../contract/kind.ts'
import { openSocket } from '../contract/network.ts'
import { redisAddress } from './settings.ts'

/** An open connection, and why it broke where it did; also for sources. */
export async function connect(
  settings: { url: string },
  tools: Tools,
): Promise<{ redis: Redis; cause: () => Error | undefined }> {
  const address = redisAddress(settings)
  const socket = await openSocket(
    tools.network,
    address,
    address.scheme === 'rediss',
    tools.tls,
    tools.signal,
  )
  class Connector {
    connect = async () => socket
    disconnect = () => void socket.destroy()
    check = () => true
  }
  const redis = new Redis({
    Connector: Connector as unknown as NonNullable<RedisOptions['Connector']>,
    connectionName: tools.clientName,
    disableClientInfo: true,
    ...(address.username !== undefined && { username: address.username }),
    ...(address.password !== undefined && { password: address.password }),
    db: Number(address.path),
    lazyConnect: true,
    // Connections are opened anew by the room, which knows the deadline.
    retryStrategy: null,
    maxRetriesPerRequest: 0,
  })
  let cause: Error | undefined
  redis.on('error', (error: Error) => (cause ??= error))
  const giveUp = () => redis.disconnect()
  tools.signal.addEventListener('abort', giveUp)
  try {
    await redis.connect()
  } catch (error) {
    redis.disconnect()
    throw translated(cause ?? error)
  } finally {
    tools.signal.removeEventListener('abort', giveUp)
  }
  return { redis, cause: () => cause }
}

/** Redis says what it refuses by the first word. ioredis notes the command at an error, which holds the payload. */
export function translated(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Declined) return error
  const [word = ''] = error.message.split(' ', 1)
  const text = `Redis says: ${error.message}`
  if (word === 'WRONGPASS' || word === 'NOAUTH') return new Declined('credentials', text)
  // With the first words as older servers write them.
  if (/^ERR (?:invalid password|AUTH |Client sent AUTH)/.test(error.message))
    return new Declined('credentials', text)
  if (word === 'NOPERM') return new Declined('forbidden', text)
  if (word === 'OOM') return new Declined('full', text)
  if (word === 'WRONGTYPE') return new Declined('missing', `${text}; it is not a stream`)
  if (error.name === 'ReplyError') return new Declined('refused', text)
  const bare = new Error(error.message)
  if ('code' in error) Object.assign(bare, { code: error.code })
  return bare
}

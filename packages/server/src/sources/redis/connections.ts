import type { Redis } from 'ioredis'
import type { Socket } from 'node:net'
import { closeRedis, openRedis } from '../broker/redis-connection.ts'

export type RedisValue = string | number | Buffer

/** What a list and a stream are both read with. */
export interface RedisDeps {
  url: string
  /** Connects, where it is not ioredis that does. */
  dial?: (() => Promise<Socket>) | undefined
  /** What is said of a connection that breaks; unless given, as ioredis says it. */
  explain?: (error: Error) => Error
  key: string
  /** Names this process among all that read it. */
  consumer: string
  maxPayloadBytes: number
  /** Where what can be no message goes; unless given `<key>:pombo:refused`. */
  refused?: string | undefined
  batch?: number | undefined
  log: (message: string) => void
}

export const usualBatch = 100

/** What a consumer needs of Redis: one connection for reads that wait, one for the rest. */
export class Connections {
  blocking!: Redis
  commands!: Redis

  async open(deps: RedisDeps, name: string, tell: (error: Error) => void) {
    const { url, dial, explain = (error) => error } = deps
    const onError = (error: Error) => tell(explain(error))
    this.blocking = await openRedis({ url, name, dial, onError })
    this.commands = await openRedis({ url, name: 'pombo', dial, onError })
  }

  /** Runs a script. Bytes stay bytes in the answer. */
  async script(lua: string, keys: readonly string[], ...args: RedisValue[]): Promise<unknown> {
    return await this.commands.callBuffer('EVAL', lua, keys.length, ...keys, ...args)
  }

  interrupt(): void {
    closeRedis(this.blocking)
    if (this.commands.status !== 'ready') closeRedis(this.commands)
  }

  abort(): void {
    closeRedis(this.commands)
  }

  /** Gives back first, where Redis is there. */
  async close(giveBack: () => Promise<void>): Promise<void> {
    if (this.commands.status === 'ready') await giveBack().catch(() => {})
    closeRedis(this.commands)
  }
}

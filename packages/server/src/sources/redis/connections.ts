import type { Redis } from 'ioredis'
import type { Socket } from 'node:net'
import { closeRedis, openRedis } from '../broker/redis-connection.ts'

export type RedisValue = string | number | Buffer

/** Which Redis, and how it is connected to where it is not ioredis that does. */
export interface RedisPlace {
  url: string
  dial?: (() => Promise<Socket>) | undefined
}

/** What a consumer needs of Redis: one connection for reads that wait, one for the rest. */
export class Connections {
  blocking!: Redis
  commands!: Redis

  async open({ url, dial }: RedisPlace, name: string, onError: (error: Error) => void) {
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

/**
 * BullMQ's client interface on Pombo's own connection: BullMQ brings no Redis driver, and what it asks of one is little. Its commands take
 * objects where Redis takes words; the answers are Redis' own.
 */
import { createHash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import type { IRedisClient, IRedisTransaction } from 'bullmq'
import { RedisConnection, type RedisState } from '../broker/redis-connection.ts'
import type { RedisArgument, Reply } from '../broker/redis-protocol.ts'

interface Script {
  lua: string
  sha: string
  keys: number
}

/** BullMQ's words for the states. */
const statusOf: Record<RedisState, string> = {
  idle: 'wait',
  connecting: 'connecting',
  ready: 'ready',
  waiting: 'reconnecting',
  closed: 'end',
}

export class BullmqClient extends EventEmitter implements IRedisClient {
  /** BullMQ writes here, too. */
  status = 'wait'
  readonly isCluster = false
  readonly options: Record<string, unknown> = { maxRetriesPerRequest: null }
  readonly #connection: RedisConnection
  readonly #scripts = new Map<string, Script>()
  readonly #copies: BullmqClient[] = []

  constructor(url: string, name?: string) {
    super()
    this.#connection = new RedisConnection({
      url,
      ...(name !== undefined && { name }),
      onState: (state) => this.#moved(state),
      // Without a listener, an event of that name would end the process.
      onError: (error) => void (this.listenerCount('error') > 0 && this.emit('error', error)),
    })
  }

  #moved(state: RedisState): void {
    this.status = statusOf[state]
    if (state === 'ready') this.emit('ready')
    if (state === 'waiting') this.emit('close')
    if (state === 'closed') {
      this.emit('close')
      this.emit('end')
    }
  }

  #send(...args: RedisArgument[]): Promise<Reply> {
    // Whoever sends to a client that was not opened yet means to have it opened.
    this.#connection.open()
    return this.#connection.command(...args)
  }

  async connect(): Promise<void> {
    if (this.status === 'ready') return
    const ready = Promise.withResolvers<void>()
    const ended = () => ready.reject(new Error('Connection is closed.'))
    this.once('ready', ready.resolve)
    this.once('end', ended)
    this.#connection.open()
    try {
      await ready.promise
    } finally {
      this.off('ready', ready.resolve)
      this.off('end', ended)
    }
  }

  disconnect(): void {
    this.#connection.close()
  }

  /** With the copies that BullMQ made of it. What waits for a Redis that is away is refused. */
  disconnectAll(): void {
    for (const client of [this, ...this.#copies]) client.disconnect()
  }

  async quit(): Promise<string> {
    await this.#connection.quit()
    return 'OK'
  }

  duplicate(options?: { connectionName?: string }): IRedisClient {
    const copy = new BullmqClient(this.#connection.options.url, options?.connectionName)
    for (const [name, script] of this.#scripts) copy.#scripts.set(name, script)
    this.#copies.push(copy)
    return copy
  }

  defineCommand(name: string, { lua, numberOfKeys }: { lua: string; numberOfKeys: number }): void {
    const sha = createHash('sha1').update(lua).digest('hex')
    this.#scripts.set(name, { lua, sha, keys: numberOfKeys })
  }

  async runCommand(name: string, args: unknown[]): Promise<unknown> {
    const { lua, sha, keys } = this.#scriptOf(name)
    const given = argumentsOf(args)
    try {
      return await this.#send('EVALSHA', sha, keys, ...given)
    } catch (error) {
      // Redis forgets its scripts when it restarts.
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return await this.#send('EVAL', lua, keys, ...given)
    }
  }

  #scriptOf(name: string): Script {
    const script = this.#scripts.get(name)
    if (!script) throw new Error(`BullMQ did not define the command "${name}"`)
    return script
  }

  multi(): IRedisTransaction {
    return this.#transaction(true)
  }

  pipeline(): IRedisTransaction {
    return this.#transaction(false)
  }

  #transaction(atomic: boolean): IRedisTransaction {
    const commands: RedisArgument[][] = []
    const shapes: ((reply: Reply) => unknown)[] = []
    const add = (args: RedisArgument[], shape: (reply: Reply) => unknown = (reply) => reply) => {
      commands.push(args)
      shapes.push(shape)
      return transaction
    }
    const counted = (count?: number) => (count === undefined ? [] : ['COUNT', count])
    const transaction: IRedisTransaction = {
      hgetall: (key) => add(['HGETALL', key], asRecord),
      hset: (key, data) => add(['HSET', key, ...Object.entries(data).flat()]),
      hscan: (key, cursor, options) => add(['HSCAN', key, cursor, ...counted(options?.COUNT)]),
      smembers: (key) => add(['SMEMBERS', key]),
      sscan: (key, cursor, options) => add(['SSCAN', key, cursor, ...counted(options?.COUNT)]),
      zrange: (key, start, end) => add(['ZRANGE', key, start, end]),
      lrange: (key, start, end) => add(['LRANGE', key, start, end]),
      llen: (key) => add(['LLEN', key]),
      del: (...keys) => add(['DEL', ...keys]),
      // With its text: one that Redis does not know would spoil the whole.
      runCommand: (name, args) => {
        const { lua, keys } = this.#scriptOf(name)
        return add(['EVAL', lua, keys, ...argumentsOf(args)])
      },
      exec: async () => {
        if (commands.length === 0) return []
        this.#connection.open()
        const sent = atomic ? [['MULTI'], ...commands, ['EXEC']] : commands
        const answered = await this.#connection.all(sent)
        const replies = atomic ? answered.at(-1)! : answered
        if (replies instanceof Error) throw replies
        if (!Array.isArray(replies)) return null
        return replies.map((reply, index): [Error | null, unknown] =>
          reply instanceof Error ? [reply, null] : [null, shapes[index]!(reply)],
        )
      },
    }
    return transaction
  }

  async hgetall(key: string): Promise<Record<string, string>> {
    return asRecord(await this.#send('HGETALL', key))
  }
  async hget(key: string, field: string): Promise<string | null> {
    return (await this.#send('HGET', key, field)) as string | null
  }
  async hmget(key: string, ...fields: string[]): Promise<(string | null)[]> {
    return (await this.#send('HMGET', key, ...fields)) as (string | null)[]
  }
  async hset(key: string, data: Record<string, string | number>): Promise<number> {
    return (await this.#send('HSET', key, ...Object.entries(data).flat())) as number
  }
  async hdel(key: string, ...fields: string[]): Promise<number> {
    return (await this.#send('HDEL', key, ...fields)) as number
  }
  async hexists(key: string, field: string): Promise<number> {
    return (await this.#send('HEXISTS', key, field)) as number
  }
  async get(key: string): Promise<string | null> {
    return (await this.#send('GET', key)) as string | null
  }
  async set(
    key: string,
    value: string | number,
    options?: { PX?: number; EX?: number },
  ): Promise<string | null> {
    return (await this.#send('SET', key, value, ...words(options))) as string | null
  }
  async del(...keys: string[]): Promise<number> {
    return (await this.#send('DEL', ...keys)) as number
  }
  async zrange(
    key: string,
    start: number,
    end: number,
    options?: { WITHSCORES?: boolean },
  ): Promise<string[]> {
    const scores = options?.WITHSCORES ? ['WITHSCORES'] : []
    return (await this.#send('ZRANGE', key, start, end, ...scores)) as string[]
  }
  async zrevrange(
    key: string,
    start: number,
    end: number,
    options?: { WITHSCORES?: boolean },
  ): Promise<string[]> {
    const scores = options?.WITHSCORES ? ['WITHSCORES'] : []
    return (await this.#send('ZREVRANGE', key, start, end, ...scores)) as string[]
  }
  async zcard(key: string): Promise<number> {
    return (await this.#send('ZCARD', key)) as number
  }
  async zscore(key: string, member: string): Promise<string | null> {
    return (await this.#send('ZSCORE', key, member)) as string | null
  }
  async lrange(key: string, start: number, end: number): Promise<string[]> {
    return (await this.#send('LRANGE', key, start, end)) as string[]
  }
  async llen(key: string): Promise<number> {
    return (await this.#send('LLEN', key)) as number
  }
  async ltrim(key: string, start: number, end: number): Promise<string> {
    return (await this.#send('LTRIM', key, start, end)) as string
  }
  async lpos(key: string, value: string): Promise<number | null> {
    return (await this.#send('LPOS', key, value)) as number | null
  }
  async smembers(key: string): Promise<string[]> {
    return (await this.#send('SMEMBERS', key)) as string[]
  }
  async xadd(
    key: string,
    id: string,
    fields: Record<string, string | number>,
    options?: { MAXLEN?: number; approximate?: boolean },
  ): Promise<string> {
    const trim = options?.MAXLEN === undefined ? [] : ['MAXLEN', ...about(options), options.MAXLEN]
    return (await this.#send('XADD', key, ...trim, id, ...Object.entries(fields).flat())) as string
  }
  async xread(
    streams: { key: string; id: string }[],
    options?: { BLOCK?: number; COUNT?: number },
  ): Promise<unknown> {
    const names = [...streams.map(({ key }) => key), ...streams.map(({ id }) => id)]
    return await this.#send('XREAD', ...words(options), 'STREAMS', ...names)
  }
  async xtrim(
    key: string,
    strategy: 'MAXLEN',
    threshold: number,
    options?: { approximate?: boolean },
  ): Promise<number> {
    return (await this.#send('XTRIM', key, strategy, ...about(options), threshold)) as number
  }
  async bzpopmin(key: string, timeout: number): Promise<[string, string, string] | null> {
    return (await this.#send('BZPOPMIN', key, timeout)) as [string, string, string] | null
  }
  async info(): Promise<string> {
    return (await this.#send('INFO')) as string
  }
  async clientSetName(name: string): Promise<unknown> {
    return await this.#send('CLIENT', 'SETNAME', name)
  }
  async clientList(): Promise<string> {
    return (await this.#send('CLIENT', 'LIST')) as string
  }
  async clientInfo(): Promise<string> {
    return (await this.#send('CLIENT', 'INFO')) as string
  }
  async scan(
    cursor: string | number,
    options: { MATCH?: string; COUNT?: number },
  ): Promise<[string, string[]]> {
    return (await this.#send('SCAN', cursor, ...words(options))) as [string, string[]]
  }
  scanStream({ match, count }: { match: string; count?: number }): Readable {
    const options = { MATCH: match, ...(count !== undefined && { COUNT: count }) }
    const pages = async function* (client: BullmqClient) {
      let cursor = '0'
      do {
        const [next, keys] = await client.scan(cursor, options)
        cursor = next
        yield keys
      } while (cursor !== '0')
    }
    return Readable.from(pages(this))
  }
}

function asRecord(reply: Reply): Record<string, string> {
  const record: Record<string, string> = {}
  const flat = reply as string[]
  for (let at = 0; at < flat.length; at += 2) record[flat[at]!] = flat[at + 1]!
  return record
}

/** `{PX: 5}` → `PX 5`. */
function words(options: Record<string, string | number | undefined> = {}): RedisArgument[] {
  return Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [name, value],
  )
}

function about(options: { approximate?: boolean } | undefined): string[] {
  return options?.approximate === false ? [] : ['~']
}

/** Of a script, as ioredis takes them: flat or as one list; what is not there is the empty string. */
function argumentsOf(args: readonly unknown[]): RedisArgument[] {
  const flat = args.flat() as (RedisArgument | boolean | null | undefined)[]
  return flat.map((arg) =>
    Buffer.isBuffer(arg) || typeof arg === 'number' ? arg : String(arg ?? ''),
  )
}

/**
 * One connection to a Redis, kept open: opened again when it breaks, until it is closed.
 *
 * Promised: commands go out in the order in which they were given; those given while there is no connection wait for it; those that were under
 * way when it broke are refused with `connectionClosed`, because nobody knows whether Redis carried them out: who sent them decides.
 */
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import {
  asText,
  encodeCommand,
  type RawReply,
  type RedisArgument,
  ReplyReader,
  type Reply,
} from './redis-protocol.ts'

export type RedisState = 'idle' | 'connecting' | 'ready' | 'waiting' | 'closed'

export interface RedisOptions {
  /** `redis://user:password@host:port/database`, or `rediss://`. */
  url: string
  /** Shown by `CLIENT LIST`. */
  name?: string
  onState?: (state: RedisState) => void
  /** Why it could not be opened, or broke. */
  onError?: (error: Error) => void
}

interface Waiting {
  bytes: Buffer
  resolve: (reply: RawReply) => void
  reject: (error: Error) => void
}

/** The words by which BullMQ tells a lost connection from an error. */
export const connectionClosed = 'Connection is closed.'

/** Why connections broke or could not be made. */
const failures = new WeakSet<Error>()

/** Whether it says that the connection is gone, rather than that Redis refused something. */
export function isConnectionError(error: unknown): boolean {
  return error instanceof Error && (failures.has(error) || error.message === connectionClosed)
}

const connectTimeoutMs = 10_000
/** Blocking commands are given at most 10 s; whoever is silent for longer is gone. */
const silenceMs = 30_000
const longestPauseMs = 2_000

export class RedisConnection {
  readonly options: RedisOptions
  #state: RedisState = 'idle'
  #socket: Socket | undefined
  #queued: Waiting[] = []
  #underWay: Waiting[] = []
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  #closing: PromiseWithResolvers<void> | undefined

  constructor(options: RedisOptions) {
    this.options = options
  }

  get state(): RedisState {
    return this.#state
  }

  /** Opens it; also one that was closed. */
  open(): void {
    if (this.#state !== 'idle' && this.#state !== 'closed') return
    this.#failures = 0
    this.#closing = undefined
    this.#connect()
  }

  /** @throws Error with Redis' own words; `connectionClosed` */
  async command(...args: RedisArgument[]): Promise<Reply> {
    return asText(await this.raw(...args))
  }

  /** The same, with bytes where Redis gives bytes. */
  async raw(...args: RedisArgument[]): Promise<RawReply> {
    const reply = await this.#send(encodeCommand(args))
    if (reply instanceof Error) throw reply
    return reply
  }

  /** Sends several together; errors of single ones are among the replies. */
  async all(commands: readonly (readonly RedisArgument[])[]): Promise<Reply[]> {
    return (await this.allRaw(commands)).map(asText)
  }

  /** The same, with bytes where Redis gives bytes. */
  async allRaw(commands: readonly (readonly RedisArgument[])[]): Promise<RawReply[]> {
    return await Promise.all(commands.map((args) => this.#send(encodeCommand(args))))
  }

  /** Waits for what is under way, then closes. */
  async quit(): Promise<void> {
    if (this.#state === 'ready') await this.command('QUIT').catch(() => {})
    this.close()
    await this.#closing?.promise
  }

  /** Closes at once; what is under way or waits is refused. */
  close(): void {
    if (this.#state === 'closed' || this.#closing) return
    const closing = (this.#closing = Promise.withResolvers<void>())
    clearTimeout(this.#timer)
    const socket = this.#socket
    if (socket && !socket.destroyed) socket.destroy()
    else setImmediate(() => this.#ended(closing))
  }

  #ended(closing: PromiseWithResolvers<void>): void {
    if (this.#closing !== closing) return
    this.#refuse([...this.#underWay.splice(0), ...this.#queued.splice(0)])
    this.#set('closed')
    closing.resolve()
  }

  #send(bytes: Buffer): Promise<RawReply> {
    const { promise, resolve, reject } = Promise.withResolvers<RawReply>()
    const waiting = { bytes, resolve, reject }
    if (this.#closing || this.#state === 'closed') reject(new Error(connectionClosed))
    else if (this.#state === 'ready') this.#write(waiting)
    else this.#queued.push(waiting)
    return promise
  }

  #write(waiting: Waiting): void {
    this.#underWay.push(waiting)
    this.#socket!.write(waiting.bytes)
  }

  #connect(): void {
    this.#set('connecting')
    const { hostname, port, protocol } = new URL(this.options.url)
    const target = {
      host: hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
      port: Number(port || 6379),
    }
    const secure = protocol === 'rediss:'
    const socket = secure ? connectTls({ ...target, servername: target.host }) : connectTcp(target)
    this.#socket = socket
    const reader = new ReplyReader()
    let failure: Error | undefined
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 10_000)
    socket.setTimeout(connectTimeoutMs, () => {
      if (this.#state === 'ready' && this.#underWay.length === 0) return
      socket.destroy(new Error(`Redis did not answer within ${socket.timeout} ms`))
    })
    socket.once(secure ? 'secureConnect' : 'connect', () => void this.#greet(socket))
    socket.on('data', (chunk) => {
      try {
        for (const reply of reader.read(chunk)) this.#underWay.shift()?.resolve(reply)
      } catch (error) {
        socket.destroy(error as Error)
      }
    })
    socket.on('error', (error) => (failure = error))
    socket.on('close', () => this.#lost(failure))
  }

  /** What must be said before anything else; Redis is ready when it answers the last of it. */
  async #greet(socket: Socket): Promise<void> {
    const { username, password, pathname } = new URL(this.options.url)
    const database = pathname.slice(1)
    const words: RedisArgument[][] = []
    if (password !== '')
      words.push([
        'AUTH',
        ...(username ? [decodeURIComponent(username)] : []),
        decodeURIComponent(password),
      ])
    if (database !== '' && database !== '0') words.push(['SELECT', database])
    words.push(['PING'])
    const replies = Promise.all(
      words.map((args) => {
        const { promise, resolve, reject } = Promise.withResolvers<RawReply>()
        this.#write({ bytes: encodeCommand(args), resolve, reject })
        return promise
      }),
    )
    try {
      // `LOADING` while it reads its file, `NOAUTH`, `WRONGPASS`: it is asked again after a pause.
      const refusal = (await replies).find((reply) => reply instanceof Error)
      if (refusal) throw refusal
    } catch (error) {
      if (!socket.destroyed) socket.destroy(error as Error)
      return
    }
    if (socket.destroyed || this.#closing) return
    socket.setTimeout(silenceMs)
    this.#failures = 0
    // Not every Redis lets clients name themselves.
    if (this.options.name !== undefined)
      this.#write({
        bytes: encodeCommand(['CLIENT', 'SETNAME', this.options.name]),
        resolve: () => {},
        reject: () => {},
      })
    for (const waiting of this.#queued.splice(0)) this.#write(waiting)
    this.#set('ready')
  }

  #lost(failure: Error | undefined): void {
    this.#socket = undefined
    this.#refuse(this.#underWay.splice(0))
    if (this.#closing) return this.#ended(this.#closing)
    if (failure) {
      failures.add(failure)
      this.options.onError?.(failure)
    }
    if (this.#closing) return
    const pauseMs = Math.min(50 * 2 ** this.#failures, longestPauseMs)
    this.#failures += 1
    this.#set('waiting')
    this.#timer = setTimeout(() => this.#connect(), pauseMs)
  }

  #refuse(commands: readonly Waiting[]): void {
    for (const { reject } of commands) reject(new Error(connectionClosed))
  }

  #set(state: RedisState): void {
    this.#state = state
    this.options.onState?.(state)
  }
}

/**
 * Waits for work that stops by itself, over this connection: not for a Redis that is away, and not for long. What is then under way is refused
 * with `connectionClosed`.
 */
export async function finished(
  work: Promise<void> | undefined,
  connection: RedisConnection,
  graceMs = 5_000,
): Promise<void> {
  if (connection.state !== 'ready') connection.close()
  const timer = setTimeout(() => connection.close(), graceMs)
  await work
  clearTimeout(timer)
}

import type { Clock } from '../../core/clock.ts'
import { type DeviceEvent, deviceEvent } from '../../whatsapp/device/device-event.ts'
import { PomboError } from '../../core/error.ts'
import { memberText } from '../../core/json.ts'
import type { Accepted, IncomingMessage } from '../../core/message.ts'
import { pause } from '../../core/pause.ts'
import { mayBeUnstorable, refuseUnstorableValue } from '../../core/unstorable.ts'
import { isAway, type Pool } from '../../db/pool.ts'
import { noteSocket, noteTransition, pendingOf, settlePending } from './store.ts'

/** The socket's side of things; see deliver/send/websocket.ts. */
export interface SocketEvents {
  onOpen(): void
  onText(text: string): void
  onClose(why: string): void
}
export type OpenSocket = (
  url: string,
  events: SocketEvents,
) => { send(text: string): void; close(): void }

export interface FollowerDeps {
  pool: Pool
  clock: Clock
  random: () => number
  open: OpenSocket
  accept: (message: IncomingMessage) => Promise<Accepted>
  /** How often the gateway is asked for its devices. */
  pollMs: number
  /** The first pause before it is called again; it doubles up to `maxPauseMs`. */
  pauseMs: number
  maxPauseMs: number
  log: (message: string, error?: unknown) => void
}

export interface Followed {
  id: string
  tenantId: string
  /** The device's name. */
  session: string
  url: string
  /** The node that has it. */
  node: string
}

/**
 * Frames that may wait for the database; a gateway that sends more is called again later, and asked how things stand.
 */
const maxWaiting = 1_000
/** How long a repeat of an event is known: longer than a node may have been gone. */
const rememberedSeconds = 7 * 86_400
const retryMs = 1_000

/**
 * Follows one device's gateway: keeps its websocket open, asks for its devices, and makes events of what it says. One
 * at a time over all nodes, since every write asks for the device's row to be this node's still.
 */
export class Follower {
  readonly #deps: FollowerDeps
  readonly #device: Followed
  readonly #stop = new AbortController()
  #socket: ReturnType<OpenSocket> | undefined
  #waiting: string[] = []
  #working: Promise<void> | undefined
  #poll: NodeJS.Timeout | undefined
  #again: NodeJS.Timeout | undefined
  #pauses = 0
  #unanswered = 0

  constructor(device: Followed, deps: FollowerDeps) {
    this.#device = device
    this.#deps = deps
  }

  get device(): Followed {
    return this.#device
  }

  start(): void {
    // What the node before could not accept comes first.
    this.#work()
    this.#open()
  }

  /** Resolves when nothing is being written any more. */
  async stop(): Promise<void> {
    this.#stop.abort()
    clearInterval(this.#poll)
    clearTimeout(this.#again)
    this.#socket?.close()
    this.#waiting = []
    await this.#working
  }

  #open(): void {
    if (this.#stop.signal.aborted) return
    this.#socket = this.#deps.open(this.#device.url, {
      onOpen: () => {
        this.#tell(null)
        this.#unanswered = 0
        this.#ask()
        this.#poll = setInterval(() => this.#ask(), this.#deps.pollMs)
      },
      onText: (text) => this.#take(text),
      onClose: (why) => this.#closed(why),
    })
  }

  /** A connection can be dead for long before TCP notices: one that leaves two questions unanswered is given up. */
  #ask(): void {
    if (this.#unanswered >= 2) {
      this.#socket?.close()
      this.#closed('it left FETCH_DEVICES unanswered')
      return
    }
    this.#unanswered += 1
    this.#socket?.send('{"code":"FETCH_DEVICES","message":"List device"}')
  }

  #closed(why: string): void {
    clearInterval(this.#poll)
    if (this.#stop.signal.aborted) return
    this.#tell(why)
    const { pauseMs, maxPauseMs, random } = this.#deps
    const pause = Math.min(maxPauseMs, pauseMs * 2 ** this.#pauses)
    this.#pauses += 1
    // Spread, so that a gateway that comes back is not called by all its devices at once.
    this.#again = setTimeout(() => this.#open(), pause * (0.8 + 0.4 * random()))
  }

  #take(text: string): void {
    // A gateway that is let in and thrown out again at once has not come back yet: only one that speaks has.
    this.#pauses = 0
    this.#unanswered = 0
    if (this.#waiting.length >= maxWaiting) {
      this.#waiting = []
      this.#socket?.close()
      this.#closed('it sends more than the database takes')
      return
    }
    this.#waiting.push(text)
    this.#work()
  }

  #work(): void {
    this.#working ??= this.#drain().finally(() => {
      this.#working = undefined
    })
  }

  /** One frame after the other, each until it is done: the order is what they mean. */
  async #drain(): Promise<void> {
    await this.#insist(() => this.#finish())
    for (let frame = this.#waiting.shift(); frame !== undefined; frame = this.#waiting.shift()) {
      const event = this.#read(frame)
      if (!event) continue
      await this.#insist(async () => {
        await this.#finish()
        const number = await noteTransition(this.#deps.pool, this.#device, event)
        if (number !== undefined) await this.#accept({ number, payload: event.payload })
      })
    }
  }

  #read(frame: string): DeviceEvent | undefined {
    const { clock } = this.#deps
    try {
      // A pairing code is worth as much as a password.
      const secret = memberText(frame, 'code') === '"PASSKEY_CONFIRMATION"'
      const shown = secret ? '{"code":"PASSKEY_CONFIRMATION","message":"Passkey code"}' : frame
      if (mayBeUnstorable(Buffer.from(shown))) refuseUnstorableValue(JSON.parse(shown), ['frame'])
      return deviceEvent(shown, this.#device.session, clock.now())
    } catch (error) {
      // Insisted on, it would hold up those behind it for ever.
      if (error instanceof PomboError)
        this.#deps.log(`a frame of device ${this.#device.session} cannot be kept: ${error.message}`)
      // No JSON: nothing that the gateway sends, and nothing to tell anyone.
      return undefined
    }
  }

  /** Accepts what was decided on and not settled. */
  async #finish(): Promise<void> {
    const pending = await pendingOf(this.#deps.pool, this.#device)
    if (pending) await this.#accept(pending)
  }

  async #accept({ number, payload }: { number: number; payload: string }): Promise<void> {
    const { id, tenantId, session } = this.#device
    await this.#deps.accept({
      tenantId,
      appId: id,
      eventType: JSON.parse(memberText(payload, 'type')!) as string,
      payload,
      form: 'whatsapp',
      orderingKey: session,
      dedupe: [{ kind: 'source', key: `device|${id}|${number}`, windowSeconds: rememberedSeconds }],
    })
    await settlePending(this.#deps.pool, id, number)
  }

  /** Until it is done, or this follower ends: a database that is away must not turn "disconnected" into nothing. */
  async #insist(work: () => Promise<void>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        return await work()
      } catch (error) {
        if (!isAway(error) && !isAway(cause(error)))
          this.#deps.log(
            `an event of device ${this.#device.session} could not be accepted; it is tried again`,
            error,
          )
        await pause(retryMs, this.#stop.signal)
      }
    }
  }

  #tell(problem: string | null): void {
    noteSocket(this.#deps.pool, this.#device, problem).catch((error: unknown) => {
      if (!isAway(error)) this.#deps.log('the state of a websocket could not be written', error)
    })
  }
}

function cause(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined
}

import type { Limit } from './buffer.ts'
import type { Answers, Target } from './post.ts'
import type { FsyncPolicy } from './segment-writer.ts'

export interface ConnectOptions {
  pombo: {
    /** Where Pombo listens, such as `http://127.0.0.1:8071`. A path before `/ingest` is kept. */
    url: string
    /** The token of a source of the gateway `baileys`, or an API key. */
    token: string
    /** The source's `secret`, where it has one: requests are signed with it. */
    secret?: string
    /** The deadline of one request; 30,000 unless given. */
    timeoutMs?: number
    /** Instead of the runtime's own. */
    fetch?: typeof fetch
  }
  /** What the session is called in Pombo. */
  session: string
  /** Names of events not to forward, such as `messaging-history.set`. `creds.update` never is. */
  skip?: readonly string[]
  buffer?: BufferOptions
  /**
   * Most that one request carries: 100 events and 524,288 bytes unless given. Pombo itself takes 1 MiB unless told
   * otherwise.
   */
  batch?: { maxEvents?: number; maxBytes?: number }
  onOverflow?: (overflow: Overflow) => void
  onDropped?: (dropped: Dropped) => void
  onState?: (state: ConnectionState, detail: string | null) => void
}

/** What may wait while Pombo is away. Beyond it the oldest are lost, and told. */
export interface BufferOptions {
  /** In memory 10,000 unless given; on the disk 1,000,000. */
  maxEvents?: number
  /** In memory 64 MiB unless given; on the disk 1 GiB. */
  maxBytes?: number
  /**
   * A folder of this connection's own: then what waits survives the end of the process, however it ends. Made where
   * missing.
   */
  directory?: string
  /** `interval` unless given. */
  fsync?: FsyncPolicy
}

/**
 * `ready`: all is well. `retrying`: Pombo is away. `refused`: it does not accept the token, or the URL is wrong.
 * `overflow`: more waits than the bound allows, and the oldest are being lost.
 */
export type ConnectionState = 'ready' | 'retrying' | 'refused' | 'overflow' | 'closed'

/**
 * `overflow`: the bound was reached. `rejected`: Pombo would not have it, though it took others. `tooLarge`: larger
 * than Pombo takes. `expired`: a QR code older than a minute. `unreadable`: it could not be written as JSON.
 * `damaged`: a power cut hit the disk. `closed`: the connection was closed while it waited in memory.
 */
export type DropReason =
  | 'overflow'
  | 'rejected'
  | 'tooLarge'
  | 'expired'
  | 'unreadable'
  | 'damaged'
  | 'closed'

export interface Dropped {
  reason: DropReason
  events: number
  detail: string
}

/** Told when events begin to be lost, at most once a second while they are, and when the first is delivered again. */
export interface Overflow {
  /** Lost since this was told last, and since the connection was made. */
  events: number
  total: number
  waiting: { events: number; bytes: number }
  ended: boolean
}

export interface ConnectionStats {
  state: ConnectionState
  /**
   * Events for Pombo that came of the socket's: too large ones in parts, skipped steps inferred. Always
   * `received + resumed = sent + waiting.events + dropped.total`.
   */
  received: number
  /** Found in the directory at the start. */
  resumed: number
  sent: number
  waiting: { events: number; bytes: number; oldestAt: string | null }
  dropped: Record<DropReason | 'total', number>
  /** Of `received`, steps of a status that Baileys skipped. */
  inferred: number
  /** The socket's events that are not forwarded by choice, and `creds.update`. */
  skipped: number
  /** What Pombo says became of those sent, in its own count: one message, one receipt each. */
  answers: Answers
  lastSentAt: string | null
  /** Why Pombo is being tried again, or what the disk said. */
  lastError: string | null
}

export interface Settings {
  target: Target
  skip: ReadonlySet<string>
  batch: Limit
  bound: Limit
  memoryBound: Limit
  directory: string | undefined
  fsync: FsyncPolicy
}

const mebibyte = 1_048_576

/** @throws TypeError that names what is wrong */
export function checkOptions(options: ConnectOptions): Settings {
  const { pombo, session, skip = [], buffer = {}, batch = {} } = options
  const { directory, fsync = 'interval' } = buffer
  if (typeof session !== 'string' || session === '') wrong('session', 'a name')
  if (typeof pombo?.token !== 'string' || !/^[\x21-\x7e]+$/.test(pombo.token))
    wrong('pombo.token', "a source's token or an API key, printable ASCII")
  if (directory === '') wrong('buffer.directory', 'a path')
  if (!['always', 'interval', 'never'].includes(fsync))
    wrong('buffer.fsync', 'always, interval or never')
  const isOnDisk = directory !== undefined
  const memoryBound = {
    events: whole('buffer.maxEvents', isOnDisk ? undefined : buffer.maxEvents, 10_000),
    bytes: whole('buffer.maxBytes', isOnDisk ? undefined : buffer.maxBytes, 64 * mebibyte),
  }
  const bound = {
    events: whole('buffer.maxEvents', buffer.maxEvents, isOnDisk ? 1_000_000 : 10_000),
    bytes: whole('buffer.maxBytes', buffer.maxBytes, (isOnDisk ? 1_024 : 64) * mebibyte),
  }
  return {
    target: {
      url: ingestUrl(pombo.url, session),
      token: pombo.token,
      secret: pombo.secret,
      timeoutMs: whole('pombo.timeoutMs', pombo.timeoutMs, 30_000),
      fetch: pombo.fetch ?? fetch,
    },
    skip: new Set([...skip, 'creds.update']),
    batch: {
      events: whole('batch.maxEvents', batch.maxEvents, 100),
      bytes: whole('batch.maxBytes', batch.maxBytes, mebibyte / 2),
    },
    bound,
    memoryBound,
    directory,
    fsync,
  }
}

function ingestUrl(base: string, session: string): string {
  const url = URL.canParse(base) ? new URL(base) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) return wrong('pombo.url', 'an http or https URL')
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/ingest/baileys/${encodeURIComponent(session)}`
  url.search = ''
  url.hash = ''
  return url.href
}

function whole(name: string, value: number | undefined, usual: number): number {
  const number = value ?? usual
  return Number.isSafeInteger(number) && number > 0 ? number : wrong(name, 'a whole number above 0')
}

function wrong(name: string, expected: string): never {
  throw new TypeError(`connectBaileys: ${name} must be ${expected}.`)
}

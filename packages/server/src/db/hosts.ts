/**
 * Several servers for one database, of which one takes writes: who that is, found out by asking, and kept until there
 * is a doubt. node-postgres knows one host only.
 *
 * An old primary that comes back is not written to: a promotion begins a new timeline, and a server whose timeline is
 * older than one that this process has seen is refused, as is one of another cluster. While `watch` runs, the others
 * are asked every two seconds, so that a newer primary is also found while the old one still answers. What this cannot
 * see: a process that was started after the promotion and reaches the old primary alone. With a synchronous standby the
 * old one can commit nothing then, since its standby is gone.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type DatabaseAddress, databaseAddress, type ServerWish } from '../core/database-url.ts'
import { errorCode } from '../core/thrown.ts'
import { factsOf, type HostFacts } from './host-facts.ts'

/** How long a server may take to say who it is, over a slow network too. */
const answerMs = 4_000
/** After one was found that takes writes, how long the others may take to say that they are newer. */
const othersMs = 300
/** Between two questions to a server that answered and is not the one, while others have not answered. */
const againMs = 250
const watchMs = 2_000

type Answer = { facts: HostFacts } | { problem: string }

/** Error of a search that found none; known to `isAway` by its code. */
export const noServerCode = 'ENOPRIMARY'

export class Hosts {
  readonly address: DatabaseAddress
  readonly #name: string
  readonly #listeners = new Set<() => void>()
  #current: number | undefined
  #search: Promise<number> | undefined
  #newest: { system: string | null; timeline: number } | undefined

  /** @param name of the variable that holds the URL, for people */
  constructor(address: DatabaseAddress, name = 'DATABASE_URL') {
    this.address = address
    this.#name = name
  }

  /** The host to connect to; throws what is wrong with each of them. */
  async choose(): Promise<number> {
    if (this.#current !== undefined) return this.#current
    this.#search ??= this.#find().finally(() => (this.#search = undefined))
    return await this.#search
  }

  /** It did not answer, or is not what it was. */
  doubt(host: number): void {
    if (this.#current === host) this.#current = undefined
  }

  /** Why a server is not the one; undefined where it may be used. What it says is remembered. */
  problemWith(facts: HostFacts): string | undefined {
    return unwanted(this.address.wish, facts) ?? this.#older(facts)
  }

  /** Calls when connections to the server so far must not be used any more. */
  onMoved(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** Looks for a newer primary than the current one from time to time. @returns the end of it */
  watch(): () => void {
    if (this.address.urls.length < 2 || this.address.wish !== 'read-write') return () => {}
    let looking = false
    const timer = setInterval(() => {
      if (looking || this.#current === undefined) return
      looking = true
      void this.#lookAtOthers().finally(() => (looking = false))
    }, watchMs)
    timer.unref()
    return () => clearInterval(timer)
  }

  /** What each says now, in their order; for people. */
  async ask(): Promise<Answer[]> {
    return await Promise.all(this.address.urls.map(async (url) => await ask(url)))
  }

  async #lookAtOthers(): Promise<void> {
    const before = this.#current
    await Promise.all(
      this.address.urls.map(async (url, host) => {
        if (host === before) return
        const answer = await ask(url)
        if (!('facts' in answer) || unwanted(this.address.wish, answer.facts)) return
        if ((answer.facts.timeline ?? 0) <= (this.#newest?.timeline ?? 0)) return
        if (this.#older(answer.facts) === undefined && this.#current === before) this.#move(host)
      }),
    )
  }

  #move(host: number): void {
    const moved = this.#current !== undefined && this.#current !== host
    this.#current = host
    if (moved) for (const listener of this.#listeners) listener()
  }

  /** Asks all at once: one that swallows everything does not stand before the others. */
  async #find(): Promise<number> {
    const { urls, hosts, wish } = this.address
    const found: { host: number; facts: HostFacts }[] = []
    const problems = urls.map(() => 'does not answer')
    const heard = new Set<number>()
    let over = false
    const good = Promise.withResolvers<void>()
    const askOne = async (url: string, host: number): Promise<void> => {
      while (!over) {
        const answer = await ask(url)
        heard.add(host)
        const problem = 'facts' in answer ? unwanted(wish, answer.facts) : answer.problem
        if ('facts' in answer && problem === undefined) {
          found.push({ host, facts: answer.facts })
          return good.resolve()
        }
        problems[host] = problem!
        // It may be promoted while another keeps us waiting.
        if (heard.size === urls.length || found.length > 0) return
        await sleep(againMs, undefined, { ref: false })
      }
    }
    const all = Promise.all(urls.map(askOne))
    await Promise.race([all, good.promise])
    await Promise.race([all, sleep(othersMs, undefined, { ref: false })])
    over = true
    const best = found.toSorted(
      (a, b) => rank(wish, b.facts) - rank(wish, a.facts) || a.host - b.host,
    )
    for (const { host, facts } of best) {
      const older = this.#older(facts)
      if (older !== undefined) problems[host] = older
      else {
        this.#current = host
        return host
      }
    }
    const told = hosts.map((host, index) => `${host} ${problems[index]}`).join('; ')
    const wanted = wish === 'standby' ? 'is a standby' : 'takes writes'
    throw Object.assign(new Error(`No server of ${this.#name} ${wanted}: ${told}`), {
      code: noServerCode,
    })
  }

  #older({ system, timeline, standby }: HostFacts): string | undefined {
    if (this.address.wish !== 'read-write' || standby || timeline === null) return undefined
    const newest = this.#newest
    if (newest?.system && system && newest.system !== system)
      return `is another database cluster (${system}) than the one that was written to (${newest.system})`
    if (newest && timeline < newest.timeline)
      return (
        `is an old primary: on timeline ${timeline}, and timeline ${newest.timeline} was written to. ` +
        'Make it a standby of the new one (pg_rewind)'
      )
    this.#newest = { system, timeline }
    return undefined
  }
}

/** The hosts of a URL; undefined where it names one and asks nothing of it, and `pg` alone will do. */
export function hostsOf(url: string, name?: string): Hosts | undefined {
  const address = databaseAddress(url)
  return address.urls.length > 1 || address.wish !== 'any' ? new Hosts(address, name) : undefined
}

function unwanted(wish: ServerWish, { standby, readOnly }: HostFacts): string | undefined {
  if (wish === 'read-write' && standby) return 'is a standby'
  if (wish === 'read-write' && readOnly) return 'is read-only'
  if (wish === 'standby' && !standby && !readOnly) return 'is a primary'
  return undefined
}

function rank(wish: ServerWish, { standby, timeline }: HostFacts): number {
  if (wish === 'prefer-standby') return standby ? 1 : 0
  return wish === 'read-write' ? (timeline ?? 0) : 0
}

async function ask(url: string): Promise<Answer> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'pombo-host',
    connectionTimeoutMillis: answerMs,
  })
  client.on('error', () => {})
  // A server that takes the connection and says nothing.
  const { stream } = (client as unknown as { connection: { stream: { destroy(e: Error): void } } })
    .connection
  const timer = setTimeout(() => stream.destroy(new Error('does not answer')), answerMs).unref()
  try {
    await client.connect()
    return { facts: await factsOf(client) }
  } catch (error) {
    return { problem: reasonOf(error) }
  } finally {
    clearTimeout(timer)
    client.end().catch(() => {})
  }
}

function reasonOf(error: unknown): string {
  const code = errorCode(error)
  const known: Record<string, string> = {
    ECONNREFUSED: 'refuses the connection',
    ENOTFOUND: 'has a name that does not resolve',
    '57P03': 'is starting or stopping',
  }
  if (Object.hasOwn(known, code)) return known[code]!
  const message =
    error instanceof AggregateError ? error.errors.map(String).join(', ') : String(error)
  return /timeout|does not answer/i.test(message)
    ? 'does not answer'
    : `says: ${message.replace(/^\w*[Ee]rror: /, '')}`
}

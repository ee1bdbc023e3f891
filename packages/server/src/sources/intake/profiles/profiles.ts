import { latestUsed } from '../../../core/latest-used.ts'
import type { Clock } from '../../../core/clock.ts'
import { waitAtMost } from '../../../core/wait-at-most.ts'
import type { WhatsAppEvent } from '../../../whatsapp/whatsapp.ts'
import { isAway, type Pool } from '../../../db/pool.ts'
import { type Fact, fillIn, type Profile, unknownIn } from './facts.ts'
import { loadProfiles, type ProfileChange, type ProfileKey, saveProfiles } from './store.ts'

const maxProfiles = 100_000
/**
 * Longest that an event waits for names. The look-up takes about 1 ms; a database that is slower than this is not
 * waited for.
 */
export const namesWaitMs = 25
/** What is known is looked at anew after this, since other nodes learn too; what is unknown, after the second. */
const knownForMs = 300_000
const unknownForMs = 20_000
/** What was learned is written within this. */
export const flushMs = 1_000
const batch = 1_000
const maxUnsaved = 50_000

interface Remembered extends Profile {
  readAtMs: number
}

interface Loading {
  done: Promise<void>
  /** What was learned and not written when the look-up began, or since: newer than what it may have read. */
  told: Partial<Profile>
}

const nothing: Profile = { altId: null, name: null, imageUrl: null }

/**
 * Names, pictures, and which LID is which phone number: what the sessions' own events told, kept per app in the
 * database and here in memory. An event is never held up for it: what does not come at once stays null.
 */
export class Profiles {
  readonly #pool: Pool
  readonly #clock: Clock
  readonly #log: (message: string, error: unknown) => void
  readonly #waitMs: number
  readonly #memory = latestUsed<string, Remembered>(maxProfiles)
  readonly #loading = new Map<string, Loading>()
  #wanted: (ProfileKey & { key: string })[] = []
  #batch: Promise<void> | undefined
  #unsaved = new Map<string, ProfileChange>()
  #saving: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** Grows with each erasure: what was read before one is not kept after it. */
  #erasures = 0

  constructor(
    pool: Pool,
    clock: Clock,
    log: (message: string, error: unknown) => void,
    waitMs: number,
  ) {
    this.#pool = pool
    this.#clock = clock
    this.#log = log
    this.#waitMs = waitMs
  }

  start(): void {
    this.#timer = setInterval(() => void this.flush(), flushMs)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }

  /** Puts into the events what is known, changing them. */
  async fill(appId: string, events: readonly WhatsAppEvent[]): Promise<void> {
    const loads = events.flatMap(unknownIn).flatMap((jid) => this.#look(appId, jid) ?? [])
    if (loads.length > 0) await waitAtMost(this.#waitMs, Promise.all(loads))
    for (const event of events) fillIn(event, (id) => this.#memory.get(keyOf(appId, id)))
  }

  /** Takes note of facts. They are written soon; this node knows them at once. */
  learn(tenantId: string, appId: string, facts: readonly Fact[]): void {
    for (const fact of facts) this.#learn(tenantId, appId, fact)
  }

  /**
   * Somebody's names were erased from the app: what is known of it is read or learned anew. Undefined: from which app
   * is not known, since the database was away; what was learned meanwhile is still to be written, and stays.
   */
  forget(appId: string | undefined): void {
    this.#erasures += 1
    for (const known of appId === undefined ? [this.#memory] : [this.#memory, this.#unsaved])
      for (const key of Array.from(known.keys()))
        if (appId === undefined || key.startsWith(keyOf(appId, ''))) known.delete(key)
  }

  /** Writes what was learned so far. What could not be written is tried again. */
  async flush(): Promise<void> {
    await this.#saving
    if (this.#unsaved.size === 0) return
    this.#saving = this.#save().finally(() => {
      this.#saving = undefined
    })
    await this.#saving
  }

  #learn(tenantId: string, appId: string, fact: Fact): void {
    const key = keyOf(appId, fact.id)
    const known = this.#memory.get(key)
    const { id: jid, ...told } = fact
    if (!Object.values(fact).every(isStorable)) return
    const loading = this.#loading.get(key)
    if (loading) Object.assign(loading.told, told)
    const changed = Object.entries(told).some(
      ([name, value]) => known?.[name as keyof Profile] !== value,
    )
    if (!changed) return
    // What was not read from the database is only in part known: it is read when it is next asked for.
    this.#memory.set(key, { ...nothing, ...known, ...told, readAtMs: known?.readAtMs ?? 0 })
    this.#unsaved.set(key, { ...this.#unsaved.get(key), tenantId, appId, jid, ...told })
    if (this.#unsaved.size > maxUnsaved) this.#unsaved.delete(this.#unsaved.keys().next().value!)
  }

  /** A promise where the event has to wait: nothing is known yet. What is old is used, and renewed behind its back. */
  #look(appId: string, jid: string): Promise<void> | undefined {
    const key = keyOf(appId, jid)
    const known = this.#memory.get(key)
    const ageMs = known ? this.#clock.monotonic() - known.readAtMs : Number.POSITIVE_INFINITY
    const isUnknown = known?.name === null && known.altId === null
    if (known && ageMs < (isUnknown ? unknownForMs : knownForMs)) return undefined
    const load = this.#load(key, appId, jid)
    return known ? undefined : load
  }

  async #load(key: string, appId: string, jid: string): Promise<void> {
    let loading = this.#loading.get(key)
    if (!loading) {
      this.#wanted.push({ key, appId, jid })
      // What is asked for in one turn of the event loop goes together.
      this.#batch ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() =>
        this.#loadBatch(),
      )
      const done = this.#batch.finally(() => this.#loading.delete(key))
      loading = { done, told: profileOf(this.#unsaved.get(key)) }
      this.#loading.set(key, loading)
    }
    await loading.done
  }

  async #loadBatch(): Promise<void> {
    const wanted = this.#wanted
    this.#wanted = []
    this.#batch = undefined
    const erasures = this.#erasures
    try {
      const rows = await loadProfiles(this.#pool, wanted)
      if (this.#erasures !== erasures) return
      const byKey = new Map(rows.map((profile) => [keyOf(profile.appId, profile.jid), profile]))
      const readAtMs = this.#clock.monotonic()
      for (const { key } of wanted) {
        const found = profileOf(byKey.get(key))
        this.#memory.set(key, { ...nothing, ...found, ...this.#loading.get(key)?.told, readAtMs })
      }
    } catch (error) {
      if (!isAway(error)) this.#log('names could not be looked up; events go without', error)
    }
  }

  async #save(): Promise<void> {
    while (this.#unsaved.size > 0) {
      const changes = [...this.#unsaved].slice(0, batch)
      try {
        await saveProfiles(
          this.#pool,
          changes.map(([, change]) => change),
        )
      } catch (error) {
        if (isAway(error)) return
        this.#log('names could not be written; they are given up', error)
      }
      // One that changed meanwhile is written again.
      for (const [key, change] of changes)
        if (this.#unsaved.get(key) === change) this.#unsaved.delete(key)
    }
  }
}

/** Of a row, or of a change, what it says. */
function profileOf(said: Partial<Profile> | undefined): Partial<Profile> {
  if (said === undefined) return {}
  const { altId, name, imageUrl } = said
  return {
    ...(altId === undefined ? {} : { altId }),
    ...(name === undefined ? {} : { name }),
    ...(imageUrl === undefined ? {} : { imageUrl }),
  }
}

/** Names and ids come from anyone: one that no column or index can hold must not keep the others from being written. */
function isStorable(text: string | null): boolean {
  return text === null || (text.length <= 2_000 && !text.includes('\0') && text.isWellFormed())
}

function keyOf(appId: string, jid: string): string {
  return `${appId} ${jid}`
}

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { Server } from './server.ts'

/** A primary and a standby that has to have every commit before it is answered; and what takes turns with it. */
export class Pair {
  primary: Server
  standby: Server
  readonly #folder: string
  #next = 3

  private constructor(folder: string, primary: Server, standby: Server) {
    this.#folder = folder
    this.primary = primary
    this.standby = standby
  }

  static async open(
    folder: string,
    host: string,
    [first, second]: readonly [number, number],
  ): Promise<Pair> {
    const primary = await Server.create({ folder: join(folder, 'database-1'), host, port: first })
    await primary.start()
    const standby = await primary.standby({
      folder: join(folder, 'database-2'),
      host,
      port: second,
    })
    const pair = new Pair(folder, primary, standby)
    await pair.#join()
    return pair
  }

  /** Of nodes: both, in a fixed order. */
  url(name: string): string {
    const { host } = this.primary.place
    const ports = [this.primary.place.port, this.standby.place.port].toSorted((a, b) => a - b)
    const hosts = ports.map((port) => `${host}:${port}`).join(',')
    return `postgres://pombo@${hosts}/${name}?target_session_attrs=read-write`
  }

  async fresh(name: string): Promise<string> {
    await this.primary.query('postgres', `create database ${name}`)
    return this.url(name)
  }

  query<Row extends pg.QueryResultRow>(name: string, text: string, values: unknown[] = []) {
    return this.primary.query<Row>(name, text, values)
  }

  /** The standby becomes the primary. @returns the old one, which is no part of the pair any more */
  async promote(): Promise<Server> {
    const old = this.primary
    await this.standby.promote()
    this.primary = this.standby
    return old
  }

  /** A new standby, in the place of the one that is gone. */
  async refill(gone: Server): Promise<void> {
    rmSync(gone.place.folder, { recursive: true, force: true, maxRetries: 5 })
    const folder = join(this.#folder, `database-${this.#next++}`)
    this.standby = await this.primary.standby({ ...gone.place, folder })
    await this.#join()
  }

  async #join(): Promise<void> {
    await this.standby.start()
    await this.primary.set('synchronous_standby_names', 'standby')
    for (;;) {
      const [found] = await this.primary.query<{ state: string }>(
        'postgres',
        'select sync_state as state from pg_stat_replication',
      )
      if (found?.state === 'sync') return
      await sleep(20)
    }
  }

  async close(): Promise<void> {
    await this.primary.kill()
    await this.standby.kill()
  }
}

import pg from 'pg'
import { factsOf } from './host-facts.ts'
import { type Hosts, hostsOf } from './hosts.ts'

type Connected = (error: Error | null, client: pg.Client) => void
type Inner = pg.Client & {
  connection: { stream: { destroyed: boolean } }
  connectionParameters: { host: string; port: number }
}

/** A client that connects to the one of several servers that is wanted, and finds out that it is. */
export function hostClient(hosts: Hosts): typeof pg.Client {
  return class HostClient extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      super({ ...(config as pg.ClientConfig), connectionString: hosts.address.urls[0]! })
      // Between the connection and the answer to who it is, nobody else listens.
      this.on('error', () => {})
    }

    override connect(): Promise<pg.Client>
    override connect(done: Connected): void
    override connect(done?: Connected): Promise<pg.Client> | void {
      const connected = this.#connect()
      if (!done) return connected
      connected.then(
        () => done(null, this),
        (error: Error) => done(error, this),
      )
    }

    async #connect(): Promise<pg.Client> {
      const host = await hosts.choose()
      const inner = this as unknown as Inner
      if (inner.connection.stream.destroyed)
        throw new Error('timeout exceeded when trying to connect')
      const { host: name, port } = new pg.Client({ connectionString: hosts.address.urls[host]! })
      Object.assign(inner, { host: name, port })
      Object.assign(inner.connectionParameters, { host: name, port })
      try {
        await super.connect()
        const problem = hosts.problemWith(await factsOf(this))
        if (problem === undefined) return this
        throw Object.assign(new Error(`${hosts.address.hosts[host]} ${problem}`), { code: '25006' })
      } catch (error) {
        hosts.doubt(host)
        void this.end().catch(() => {})
        throw error
      }
    }
  }
}

/** One connection, not of a pool, to a database that may have several servers. */
export function openClient(url: string, config: pg.ClientConfig): pg.Client {
  const hosts = hostsOf(url)
  const Client = hosts ? hostClient(hosts) : pg.Client
  return new Client({ ...config, connectionString: url })
}

import { join } from 'node:path'
import { freePort } from '../../test/support/free-port.ts'
import { type Part, startPart } from '../parts/child.ts'
import { Balancer } from './balancer.ts'
import type { Target } from './lines.ts'
import { Network, whyNoNetwork } from './network.ts'
import { Server } from './server.ts'

interface NodePlace {
  databaseUrl: string
  /** Where it listens, and what HAProxy is told. */
  listen: string
  enter: string[]
  subnet: string
}

/**
 * A PostgreSQL on the network, and HAProxy before the nodes. Each node is in a network namespace of its own; where
 * there can be none, lines to the database and from HAProxy are cut in their place.
 */
export class BalancedStage {
  readonly server: Server
  /** Why there are no namespaces; undefined: there are. */
  readonly noNetwork: string | undefined
  readonly host: string
  readonly #network: Network | undefined
  readonly #folder: string
  readonly #count: number
  #lines: Part | undefined
  #ports: number[] = []
  #listens: string[] = []
  #balancer: Balancer | undefined

  private constructor(
    server: Server,
    network: Network | undefined,
    rest: [string, number],
    why?: string,
  ) {
    this.server = server
    this.#network = network
    this.host = network?.host ?? '127.0.0.1'
    ;[this.#folder, this.#count] = rest
    this.noNetwork = why
  }

  static async open(folder: string, count: number): Promise<BalancedStage> {
    const why = whyNoNetwork()
    const network = why === undefined ? Network.open(count) : undefined
    const host = network?.host ?? '127.0.0.1'
    const place = { folder: join(folder, 'database'), host, port: await freePort() }
    const server = await Server.create(place)
    const stage = new BalancedStage(server, network, [folder, count], why)
    await server.start()
    await stage.#place()
    return stage
  }

  async #place(): Promise<void> {
    for (let i = 0; i < this.#count; i++)
      this.#listens.push(
        this.#network ? `${this.#network.address(i)}:8071` : `${this.host}:${await freePort()}`,
      )
    if (this.#network) return
    const { host, port } = this.server.place
    const entries = this.#listens.map((listen): Target => {
      const [name, own] = listen.split(':')
      return { host: name!, port: Number(own) }
    })
    const targets = [...entries.map((): Target => ({ host, port })), ...entries]
    this.#lines = await startPart('../chaos/lines.ts', { targets })
    this.#ports = await this.#lines.ask<number[]>('ports')
  }

  async fresh(name: string): Promise<string> {
    await this.server.query('postgres', `create database ${name}`)
    return this.server.url(name)
  }

  query: Server['query'] = (name, text, values) => this.server.query(name, text, values)

  nodePlace(index: number, database: string): NodePlace {
    return {
      databaseUrl: this.#network
        ? this.server.url(database)
        : `postgres://pombo@127.0.0.1:${this.#ports[index]}/${database}`,
      listen: this.#listens[index]!,
      enter: this.#network?.enter(index) ?? [],
      subnet: this.#network?.subnet ?? '127.0.0.0/8',
    }
  }

  /** After the nodes. @returns the address for clients */
  async balance(): Promise<string> {
    const nodes = this.#network
      ? this.#listens
      : this.#ports.slice(this.#count).map((port) => `127.0.0.1:${port}`)
    this.#balancer = await Balancer.open(this.#folder, `${this.host}:${await freePort()}`, nodes)
    return this.#balancer.url
  }

  async cut(index: number): Promise<void> {
    if (this.#network) return this.#network.cut(index)
    await this.#setLines(index, 'hole')
  }

  async mend(index: number): Promise<void> {
    if (this.#network) return this.#network.mend(index)
    await this.#setLines(index, 'open')
  }

  async #setLines(index: number, state: 'hole' | 'open'): Promise<void> {
    for (const line of [index, this.#count + index]) await this.#lines!.ask('set', { line, state })
  }

  async close(): Promise<void> {
    await this.#balancer?.close()
    await this.server.kill()
    this.#lines?.kill('SIGKILL')
    await this.#lines?.exited
    this.#network?.close()
  }
}

import { spawnSync } from 'node:child_process'
import { errorMessage } from '../../src/core/thrown.ts'

/** A network of this machine's own: one bridge, and for each node a namespace that is wired to it. Needs root. */
export class Network {
  /** Of the bridge, where everything that is not a node listens. */
  readonly host: string
  readonly subnet: string
  readonly #name: string
  readonly #prefix: string
  readonly #count: number

  private constructor(name: string, prefix: string, count: number) {
    this.#name = name
    this.#prefix = prefix
    this.#count = count
    this.host = `${prefix}.1`
    this.subnet = `${prefix}.0/24`
  }

  static open(count: number): Network {
    // A range for measurements between networks, which nobody routes (RFC 2544).
    const number = process.pid % 250
    const network = new Network(`pch${number}`, `198.18.${number}`, count)
    network.close()
    const name = network.#name
    try {
      ip('link', 'add', name, 'type', 'bridge')
      ip('addr', 'add', `${network.host}/24`, 'dev', name)
      ip('link', 'set', name, 'up')
      for (let i = 0; i < count; i++) {
        ip('netns', 'add', `${name}-${i}`)
        ip(
          'link',
          'add',
          `${name}v${i}`,
          'type',
          'veth',
          'peer',
          'name',
          'eth0',
          'netns',
          `${name}-${i}`,
        )
        ip('link', 'set', `${name}v${i}`, 'master', name, 'up')
        const inside = (...args: string[]) => ip('-n', `${name}-${i}`, ...args)
        inside('addr', 'add', `${network.address(i)}/24`, 'dev', 'eth0')
        inside('link', 'set', 'eth0', 'up')
        inside('link', 'set', 'lo', 'up')
      }
      return network
    } catch (error) {
      network.close()
      throw error
    }
  }

  address(index: number): string {
    return `${this.#prefix}.${10 + index}`
  }

  /** What a program is started with so that it runs in the node's namespace. */
  enter(index: number): string[] {
    return ['ip', 'netns', 'exec', `${this.#name}-${index}`]
  }

  /** Nothing goes to the node or comes from it; nobody is told. */
  cut(index: number): void {
    ip('link', 'set', `${this.#name}v${index}`, 'down')
  }

  mend(index: number): void {
    ip('link', 'set', `${this.#name}v${index}`, 'up')
  }

  close(): void {
    for (let i = 0; i < this.#count; i++) {
      spawnSync('ip', ['link', 'del', `${this.#name}v${i}`])
      spawnSync('ip', ['netns', 'del', `${this.#name}-${i}`])
    }
    spawnSync('ip', ['link', 'del', this.#name])
  }
}

function ip(...args: string[]): void {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
}

/** Why there can be no such network here; undefined when there can. */
export function whyNoNetwork(): string | undefined {
  try {
    Network.open(1).close()
    return undefined
  } catch (error) {
    return errorMessage(error)
  }
}

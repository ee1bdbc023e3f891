import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const published = join(import.meta.dirname, '../../../../deploy/haproxy/haproxy.cfg')

/** HAProxy, as Pombo's own file of it says, before the nodes. */
export class Balancer {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(url: string, child: ChildProcess) {
    this.url = url
    this.#child = child
  }

  /** @param nodes `host:port` of each */
  static async open(folder: string, place: string, nodes: readonly string[]): Promise<Balancer> {
    const file = join(folder, 'haproxy.cfg')
    const servers = nodes.map((node, index) => `  server node-${index + 1} ${node}\n`).join('')
    const config = readFileSync(published, 'utf8')
      .replace(/^( +bind ).*$/m, `$1${place}`)
      .replace(/(?:^ +server .*\n)+/gm, servers)
    writeFileSync(file, config)
    const output = openSync(join(folder, 'haproxy.log'), 'a')
    const child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', output, output] })
    await once(child, 'spawn')
    const balancer = new Balancer(`http://${place}`, child)
    for (;;) {
      if (child.exitCode !== null)
        throw new Error(`HAProxy ended: ${readFileSync(join(folder, 'haproxy.log'), 'utf8')}`)
      const ready = await fetch(`${balancer.url}/readyz`).catch(() => undefined)
      await ready?.arrayBuffer()
      if (ready?.status === 200) return balancer
      await sleep(50)
    }
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}

export function whyNoBalancer(): string | undefined {
  const found = spawnSync('haproxy', ['-v'])
  return found.error ? 'HAProxy is not installed (apt-get install haproxy)' : undefined
}

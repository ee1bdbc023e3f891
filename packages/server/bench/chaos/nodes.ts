import { setTimeout as sleep } from 'node:timers/promises'
import { bundledPombo } from '../../../../scripts/bundled.mjs'
import { type Part, startPart } from '../parts/child.ts'
import { apiKey } from '../parts/stage.ts'

/** Of a node that is stopped: what the machine's other work makes of milliseconds. Ends are said with their time. */
const graceMs = 30_000

export interface NodeOptions {
  databaseUrl: (index: number) => string
  dataDir: string
  leaseMs: number
  logFile: (index: number) => string
  /** Where each listens, in which namespace, and whom it may reach; undefined: here, on any port. */
  place?: (index: number) => { listen: string; enter: string[]; subnet: string }
}

/**
 * One Pombo of several, bundled as it is published: a process that is killed, paused, stopped and started again under
 * the same name.
 */
export class ChaosNode {
  readonly name: string
  readonly #index: number
  readonly #options: NodeOptions
  #part: Part | undefined
  #program = bundledPombo().benchNode
  url = ''

  constructor(index: number, options: NodeOptions) {
    this.#index = index
    this.name = `node-${index + 1}`
    this.#options = options
  }

  get runs(): boolean {
    return this.#part !== undefined
  }

  /** @param program of another version; from then on it is that one's */
  async start(program?: string): Promise<void> {
    this.#program = program ?? this.#program
    const { databaseUrl, dataDir, leaseMs, logFile } = this.#options
    const place = this.#options.place?.(this.#index)
    const args = {
      databaseUrl: databaseUrl(this.#index),
      dataDir,
      apiKey,
      node: this.name,
      env: {
        POMBO_LEASE_MS: String(leaseMs),
        POMBO_DATABASE_CONNECTIONS: '10',
        POMBO_SHUTDOWN_GRACE_MS: String(graceMs),
        ...(place && { POMBO_LISTEN: place.listen, POMBO_ALLOW_SUBNETS: place.subnet }),
        ...(this.url !== '' && { POMBO_LISTEN: new URL(this.url).host }),
      },
    }
    const part = await startPart(this.#program, args, {
      logFile: logFile(this.#index),
      enter: place?.enter ?? [],
    })
    this.url = await part.ask<string>('url')
    this.#part = part
  }

  /** Deliveries sent or about to be, and outcomes not written yet; 0 when it does not say within a moment. */
  async inHand(): Promise<number> {
    const asked = this.#part?.ask<number>('inHand').catch(() => 0) ?? 0
    return await Promise.race([asked, sleep(5_000, 0, { ref: false })])
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#part?.kill(signal)
  }

  async kill(): Promise<void> {
    const part = this.#part
    this.#part = undefined
    part?.kill('SIGKILL')
    await part?.exited
  }

  /** SIGTERM. @returns whether everything in flight was finished and recorded; false also when it did not end. */
  async stop(): Promise<boolean> {
    const part = this.#part
    if (!part) return true
    part.kill('SIGTERM')
    const status = await Promise.race([
      part.exited,
      sleep(2 * graceMs, 'late' as const, { ref: false }),
    ])
    if (status === 'late') part.kill('SIGKILL')
    await part.exited
    this.#part = undefined
    return status === 0
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import { type Part, startPart } from '../parts/child.ts'
import { apiKey } from '../parts/stage.ts'

export interface NodeOptions {
  databaseUrl: (index: number) => string
  dataDir: string
  leaseMs: number
  logFile: (index: number) => string
}

/** One Pombo of several: a process that is killed, paused, stopped and started again under the same name. */
export class ChaosNode {
  readonly name: string
  readonly #index: number
  readonly #options: NodeOptions
  #part: Part | undefined
  url = ''

  constructor(index: number, options: NodeOptions) {
    this.#index = index
    this.name = `node-${index + 1}`
    this.#options = options
  }

  get runs(): boolean {
    return this.#part !== undefined
  }

  async start(): Promise<void> {
    const { databaseUrl, dataDir, leaseMs, logFile } = this.#options
    const args = {
      databaseUrl: databaseUrl(this.#index),
      dataDir,
      apiKey,
      node: this.name,
      env: {
        POMBO_LEASE_MS: String(leaseMs),
        POMBO_DATABASE_CONNECTIONS: '10',
        POMBO_SHUTDOWN_GRACE_MS: '5000',
        ...(this.url !== '' && { POMBO_LISTEN: new URL(this.url).host }),
      },
    }
    const part = await startPart('pombo.ts', args, { logFile: logFile(this.#index) })
    this.url = await part.ask<string>('url')
    this.#part = part
  }

  /** Deliveries sent or about to be, and outcomes not written yet; 0 when it does not say within a moment. */
  async inHand(): Promise<number> {
    const asked = this.#part?.ask<number>('inHand').catch(() => 0) ?? 0
    return await Promise.race([asked, sleep(500, 0)])
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

  /**
   * SIGTERM. @returns whether everything in flight was finished and recorded; false also when it did not end
   * within `withinMs`
   */
  async stop(withinMs: number): Promise<boolean> {
    const part = this.#part
    if (!part) return true
    part.kill('SIGTERM')
    const status = await Promise.race([
      part.exited,
      sleep(withinMs, 'late' as const, { ref: false }),
    ])
    if (status === 'late') part.kill('SIGKILL')
    await part.exited
    this.#part = undefined
    return status === 0
  }
}

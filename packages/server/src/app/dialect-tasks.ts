import type { BackgroundTask, DialectPorts } from '../dialects/contract/ports.ts'
import type { createDialects } from '../dialects/dialects.ts'
import type { Signal } from '../core/operational-types.ts'

/** What the dialects do by themselves. The engine, which is made before their ports, tells them of its signals. */
export class DialectTasks {
  readonly #tasks: BackgroundTask[] = []

  start(dialects: ReturnType<typeof createDialects>, ports: DialectPorts): void {
    for (const dialect of dialects.values())
      if (dialect.background) this.#tasks.push(dialect.background(ports))
    for (const task of this.#tasks) task.start()
  }

  async hear(signals: readonly Signal[]): Promise<void> {
    for (const event of signals) for (const task of this.#tasks) await task.onSignal?.(event)
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#tasks.map((task) => task.stop()))
  }
}

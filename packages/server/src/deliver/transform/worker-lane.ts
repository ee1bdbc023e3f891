import { Worker } from 'node:worker_threads'
import type { TransformAnswer, TransformJob, TransformResult } from './transform-worker.ts'
import { say } from '../../core/sentences/sentences.ts'

/** A transformation that takes longer is given up, and its thread with it. */
export const deadlineMs = 1_000
const memoryMb = 128

export interface Waiting {
  job: TransformJob
  resolve: (result: TransformResult) => void
}

interface LaneDeps {
  /** Asked when its turn has come: false where it is to go elsewhere, which is then seen to. */
  admit: (waiting: Waiting) => boolean
  /** How long one took on a core. */
  took: (job: TransformJob, cpuMs: number) => void
}

/**
 * Transformations one at a time, in a worker thread with bounded time and memory. The thread starts with the first;
 * one that hangs or runs out of memory is replaced, and only its own transformation fails.
 */
export class TransformLane {
  readonly #deps: LaneDeps
  #worker: Worker | undefined
  #queue: Waiting[] = []
  #current: Waiting | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(deps: LaneDeps) {
    this.#deps = deps
  }

  add(waiting: Waiting): void {
    this.#queue.push(waiting)
    this.#next()
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  #next(): void {
    while (!this.#current && this.#queue.length > 0) {
      const next = this.#queue.shift()!
      if (this.#deps.admit(next)) this.#begin(next)
    }
  }

  #begin(next: Waiting): void {
    this.#current = next
    if (this.#worker) this.#post()
    else this.#worker = this.#start()
  }

  /** The clock runs from here: starting the thread is not the transformation's time. */
  #post(): void {
    this.#timer = setTimeout(
      () => this.#fail(`the transformation took longer than ${deadlineMs} ms`),
      deadlineMs,
    )
    this.#worker!.postMessage(this.#current!.job)
  }

  #start(): Worker {
    // The worker stands beside this file, as .ts in the repository and as .js when published.
    const file = new URL(`./transform-worker${import.meta.url.slice(-3)}`, import.meta.url)
    const worker = new Worker(file, {
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
      stdout: false,
      stderr: false,
    })
    worker.unref()
    worker.on('message', (message: TransformAnswer | 'ready') => {
      if (this.#worker !== worker) return
      if (message === 'ready') this.#post()
      else if (this.#current?.job.id === message.id) this.#settle(message, message.cpuMs)
    })
    worker.on('error', (error) => {
      if (this.#worker === worker)
        this.#fail(say('transformation_failed', { problem: error.message }))
    })
    return worker
  }

  #fail(problem: string): void {
    const worker = this.#worker
    this.#worker = undefined
    void worker?.terminate()
    this.#settle({ ok: false, problem }, deadlineMs)
  }

  #settle(result: TransformResult, cpuMs: number): void {
    clearTimeout(this.#timer)
    const done = this.#current
    this.#current = undefined
    if (done) this.#deps.took(done.job, cpuMs)
    done?.resolve(result)
    this.#next()
  }
}

import { Worker } from 'node:worker_threads'
import { iso } from '../core/clock.ts'
import type { Transform } from '../core/endpoint.ts'
import { compileExpression } from '../core/expression.ts'
import { showId } from '../core/id.ts'
import type { Message } from '../core/message.ts'
import type { TransformAnswer, TransformJob, TransformResult } from './transform-worker.ts'

export type { TransformResult } from './transform-worker.ts'

interface Waiting {
  job: TransformJob
  resolve: (result: TransformResult) => void
}

/** A transformation that takes longer is given up, and its thread with it. */
const deadlineMs = 1_000
const memoryMb = 128
/** Transformed payloads may grow, up to this. */
const maxPayloadChars = 16 * 1024 * 1024

/**
 * Runs endpoints' transformations, one at a time, in a worker thread with bounded time and memory. The thread starts with the first
 * transformation; one that hangs or runs out of memory is replaced, and only its own transformation fails.
 */
export class Transformer {
  #worker: Worker | undefined
  #queue: Waiting[] = []
  #current: Waiting | undefined
  #timer: NodeJS.Timeout | undefined
  #nextId = 1

  /** What becomes of a message; never rejects. */
  async run(
    transform: Transform,
    message: Pick<Message, 'id' | 'payload' | 'eventType' | 'channels' | 'tags' | 'createdAtMs'>,
  ): Promise<TransformResult> {
    const result = await new Promise<TransformResult>((resolve) => {
      this.#queue.push({
        resolve,
        job: {
          id: this.#nextId++,
          transform,
          payload: message.payload ?? 'null',
          input: {
            eventType: message.eventType,
            channels: message.channels ?? [],
            tags: message.tags ?? [],
            messageId: showId('message', message.id),
            timestamp: iso(message.createdAtMs),
          },
        },
      })
      this.#next()
    })
    if (result.ok && (result.payload?.length ?? 0) > maxPayloadChars)
      return { ok: false, problem: 'the transformed payload is larger than 16 MiB' }
    return result
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  #next(): void {
    if (this.#current || this.#queue.length === 0) return
    this.#current = this.#queue.shift()!
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
      else if (this.#current?.job.id === message.id) this.#settle(message)
    })
    worker.on('error', (error) => {
      if (this.#worker === worker)
        this.#fail(`the transformation could not be run: ${error.message}`)
    })
    return worker
  }

  #fail(problem: string): void {
    const worker = this.#worker
    this.#worker = undefined
    void worker?.terminate()
    this.#settle({ ok: false, problem })
  }

  #settle(result: TransformResult): void {
    clearTimeout(this.#timer)
    const done = this.#current
    this.#current = undefined
    done?.resolve(result)
    this.#next()
  }
}

/** What is wrong with an expression of a transformation; undefined: nothing. */
export function transformProblem(expression: string): string | undefined {
  const compiled = compileExpression(expression, 'any')
  return compiled.ok ? undefined : compiled.problem
}

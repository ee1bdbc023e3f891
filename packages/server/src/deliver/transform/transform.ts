import { iso } from '../../core/clock.ts'
import type { Transform, TransformPart } from '../../core/endpoint.ts'
import { compileExpression, writtenMaps } from '../../core/expression.ts'
import { showId } from '../../core/id.ts'
import type { Message } from '../../core/message.ts'
import { payloadJson } from '../../core/raw-payload.ts'
import { headerNameProblem, headerProblem } from '../../core/request-headers.ts'
import { TransformLane, type Waiting } from './worker-lane.ts'
import type { TransformJob, TransformResult } from './transform-worker.ts'
import { say } from '../../core/sentences/sentences.ts'

export type { TransformResult } from './transform-worker.ts'

/** Transformed payloads may grow, up to this. */
const maxPayloadChars = 16 * 1024 * 1024
/** A transformation that took this long on a core goes beside the others from then on. */
const slowMs = 100
const rememberedSlow = 1_000

/**
 * Runs endpoints' transformations with bounded time and memory, outside the thread that delivers. There are two
 * lanes: what was slow the last time it ran waits with its like, so that one bad transformation, a second each time,
 * does not hold up everybody else's.
 */
export class Transformer {
  readonly #slow = new Set<string>()
  readonly #slowLane = new TransformLane({
    admit: () => true,
    took: (job, cpuMs) => this.#judge(job, cpuMs),
  })
  readonly #lane = new TransformLane({
    admit: (waiting) => this.#admit(waiting),
    took: (job, cpuMs) => this.#judge(job, cpuMs),
  })
  #nextId = 1

  /** What becomes of a message; never rejects. */
  async run(
    transform: Transform,
    message: Pick<
      Message,
      'id' | 'payload' | 'contentType' | 'eventType' | 'channels' | 'tags' | 'createdAtMs'
    >,
  ): Promise<TransformResult> {
    const result = await new Promise<TransformResult>((resolve) => {
      this.#lane.add({
        resolve,
        job: {
          id: this.#nextId++,
          transform,
          payload: jsonOf(message),
          input: {
            eventType: message.eventType,
            channels: message.channels ?? [],
            tags: message.tags ?? [],
            messageId: showId('message', message.id),
            timestamp: iso(message.createdAtMs),
          },
        },
      })
    })
    if (result.ok && (result.payload?.length ?? 0) > maxPayloadChars)
      return { ok: false, problem: say('transformed_large') }
    return result
  }

  async stop(): Promise<void> {
    await Promise.all([this.#lane.stop(), this.#slowLane.stop()])
  }

  #admit(waiting: Waiting): boolean {
    if (!this.#slow.has(keyOf(waiting.job))) return true
    this.#slowLane.add(waiting)
    return false
  }

  #judge(job: TransformJob, cpuMs: number): void {
    if (cpuMs < slowMs) this.#slow.delete(keyOf(job))
    else {
      if (this.#slow.size >= rememberedSlow) this.#slow.clear()
      this.#slow.add(keyOf(job))
    }
  }
}

function jsonOf({ payload, contentType }: Pick<Message, 'payload' | 'contentType'>): string {
  return payload === null ? 'null' : payloadJson({ payload, contentType: contentType ?? null })
}

function keyOf({ transform }: TransformJob): string {
  return JSON.stringify(transform)
}

const resultOf = { payload: 'any', headers: 'map', path: 'string' } as const

/** What is wrong with an expression of a transformation, as far as it shows without a message; undefined: nothing. */
export function transformProblem(expression: string, part: TransformPart): string | undefined {
  const compiled = compileExpression(expression, resultOf[part])
  if (!compiled.ok) return compiled.problem
  if (part !== 'headers') return undefined
  for (const members of writtenMaps(expression)) {
    const problem = membersProblem(members)
    if (problem !== undefined) return problem
  }
  return undefined
}

function membersProblem(members: ReturnType<typeof writtenMaps>[number]): string | undefined {
  const seen = new Set<string>()
  for (const { name, value } of members) {
    const problem =
      typeof value === 'string' ? headerProblem(name, value.trim()) : headerNameProblem(name)
    if (problem !== undefined) return problem
    if (seen.has(name.toLowerCase())) return say('header_twice', { name })
    seen.add(name.toLowerCase())
  }
  return undefined
}

import { Agent, request } from 'undici'
import { serve } from '../parts/child.ts'
import { pick, seeded } from './random.ts'
import type { Sent } from './verdict.ts'

export interface LoadPlan {
  /** Origins of the nodes; changed by `targets` while it runs. */
  targets: string[]
  path: string
  headers: Record<string, string>
  perSecond: number
  /**
   * Ordering keys. Events of the first half of them carry an Idempotency-Key and are asked again until they are
   * answered.
   */
  keys: number
  seed: number
  /** After the load, how long what was not accepted yet is asked again. */
  patienceMs: number
}

export interface LoadReport {
  sent: Sent[]
  startedAt: number
  endedAt: number
  /** Answers that no fault explains. */
  odd: string[]
}

/** Shorter than most clients', so that a node that stands still does not stop the whole load. */
const answerMs = 2_000
const againMs = 100

/** It ends by itself if nobody ends it. */
const atMostMs = 300_000

let targets: string[] = []
let endedAt = Number.POSITIVE_INFINITY
let running: Promise<LoadReport> | undefined

async function run(plan: LoadPlan): Promise<LoadReport> {
  targets = plan.targets
  const random = seeded(plan.seed)
  const agent = new Agent({ connections: 64, connect: { timeout: 1_000 } })
  const startedAt = Date.now()
  endedAt = startedAt + atMostMs
  const sent: Sent[] = []
  const odd: string[] = []

  const post = async (
    n: number,
    key: string,
    keyed: boolean,
    target: string,
  ): Promise<{ status: number; text: string }> => {
    const headers = {
      'content-type': 'application/json',
      ...plan.headers,
      ...(keyed && { 'idempotency-key': `event-${plan.seed}-${n}` }),
    }
    const body =
      `{"eventType":"message.received","orderingKey":"${key}","payload":{"n":${n},"key":"${key}","text":"Olá! ` +
      'O pedido já saiu para entrega."}}'
    const answer = await request(`${target}${plan.path}`, {
      method: 'POST',
      headers,
      body,
      dispatcher: agent,
      signal: AbortSignal.timeout(answerMs),
    })
    return { status: answer.statusCode, text: await answer.body.text() }
  }

  const send = async (n: number, key: string, keyed: boolean): Promise<Sent> => {
    const event: Sent = {
      n,
      key,
      keyed,
      state: 'refused',
      id: null,
      acceptedAt: 0,
      askedAt: Date.now(),
    }
    for (
      let last = '';
      Date.now() < endedAt + plan.patienceMs;
      await new Promise((resolve) => setTimeout(resolve, againMs * (0.5 + random())))
    ) {
      const others = targets.filter((one) => one !== last)
      last = pick(random, others.length > 0 ? others : targets)
      try {
        const { status, text } = await post(n, key, keyed, last)
        if (status < 300)
          return {
            ...event,
            state: 'accepted',
            id: (JSON.parse(text) as { id: string }).id,
            acceptedAt: Date.now(),
          }
        // A balancer's: the node was asked, and its answer did not come back.
        const isLost = status === 502 || status === 504
        if (isLost && !keyed) return { ...event, state: 'unknown' }
        if (!isLost && status !== 503 && status !== 409)
          odd.push(`${n}: ${status} ${text.slice(0, 200)}`)
      } catch (error) {
        // Nothing left this machine: asking again cannot make two of it.
        const unsent = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
        if (!keyed && !unsent) return { ...event, state: 'unknown' }
      }
    }
    return event
  }

  const lanes = Array.from({ length: plan.keys }, async (_, lane) => {
    for (let n = lane; ; n += plan.keys) {
      const dueAt = startedAt + (n * 1000) / plan.perSecond
      const wait = dueAt - Date.now()
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
      // One that is behind its time has nothing more to send either.
      if (dueAt > endedAt || Date.now() > endedAt) return
      sent.push(await send(n, `key-${lane}`, lane < plan.keys / 2))
    }
  })
  await Promise.all(lanes)
  await agent.close()
  return { sent, startedAt, endedAt: Math.max(endedAt, Date.now()), odd }
}

serve({
  start: (plan: LoadPlan) => {
    running = run(plan)
  },
  targets: (now: string[]) => {
    targets = now
  },
  /** No new events; answers when what is under way is settled. */
  finish: () => {
    endedAt = Math.min(endedAt, Date.now())
    return running
  },
})

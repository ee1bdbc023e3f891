// What properties of many requests under way need: each is held until the test says what it is answered, and at the end
// what was kept agrees with what was asked.
import { expect } from 'vitest'
import type { Pool } from '../../src/db/pool.ts'
import type { Answer, Received } from './receiver.ts'

/** A request that is not answered yet, or was: the messages in it, and what it was answered. */
export interface Asked {
  uid: string
  messages: string[]
  number: number
  status: number | undefined
  answer: (status: number) => void
}

/** Requests of endpoints whose paths are their uids. */
export class HeldRequests {
  readonly asked: Asked[] = []
  /** Whether what comes is held; else it is answered 200. */
  held = true
  readonly #seen: (one: Asked) => void

  /** `seen`: told of each as it comes. */
  constructor(seen: (one: Asked) => void = () => {}) {
    this.#seen = seen
  }

  /** What the receiver answers. */
  readonly hold = ({ path, body, headers }: Received): Answer => {
    const parsed = JSON.parse(body) as { id: string }[] | number
    const { promise, resolve } = Promise.withResolvers<number>()
    const one: Asked = {
      uid: path.slice(1),
      messages: Array.isArray(parsed)
        ? parsed.map(({ id }) => id)
        : [String(headers['webhook-id'])],
      number: this.asked.length,
      status: undefined,
      answer(status) {
        one.status = status
        resolve(status)
      },
    }
    this.asked.push(one)
    this.#seen(one)
    if (!this.held) one.answer(200)
    return { after: promise }
  }

  /** One of those that wait. */
  answer(at: number, status: number): void {
    const waiting = this.asked.filter((one) => one.status === undefined)
    waiting[at % waiting.length]?.answer(status)
  }

  /** Those that wait, and all that come from now on. */
  answerAll(): void {
    this.held = false
    for (const one of this.asked) if (one.status === undefined) one.answer(200)
  }

  /** Messages in all of them. */
  get messageCount(): number {
    return this.asked.reduce((sum, one) => sum + one.messages.length, 0)
  }
}

export interface ClosedDelivery {
  uid: string
  message_id: string
  state: string
}

/** How the app's deliveries closed, oldest first. */
export async function closedDeliveries(pool: Pool, appId: string): Promise<ClosedDelivery[]> {
  const { rows } = await pool.query<ClosedDelivery>(
    `select e.uid, h.message_id, h.state from history h join endpoint e on e.id = h.endpoint_id
      where e.app_id = $1 and h.state is not null order by h.id`,
    [appId],
  )
  return rows
}

/**
 * The counts of the app's endpoints are those of its history.
 * @returns how many attempts were kept
 */
export async function countsAgree(
  pool: Pool,
  appId: string,
  closed: readonly ClosedDelivery[],
): Promise<number> {
  const { rows: counted } = await pool.query<Record<string, number>>(
    `select coalesce(sum(delivered), 0)::int as delivered, coalesce(sum(exhausted), 0)::int as exhausted,
            coalesce(sum(discarded), 0)::int as discarded, coalesce(sum(attempts), 0)::int as attempts
       from endpoint_stat s join endpoint e on e.id = s.endpoint_id where e.app_id = $1`,
    [appId],
  )
  const of = (state: string) => closed.filter((row) => row.state === state).length
  const { rows: tried } = await pool.query<{ count: number }>(
    'select count(*) as count from attempt where app_id = $1',
    [appId],
  )
  const attempts = tried[0]!.count
  expect(counted[0]).toEqual({
    delivered: of('delivered'),
    exhausted: of('exhausted'),
    discarded: of('discarded'),
    attempts,
  })
  return attempts
}

import { errorMessage } from '../core/thrown.ts'
import { waitAtMost } from '../core/wait-at-most.ts'
/** One thing that must be so for a node to take work. `detail` says what is wrong, or what is there. */
export interface Check {
  name: string
  ok: boolean
  detail: string
  durationMs: number
}

export interface Readiness {
  ready: boolean
  checks: Check[]
}

/** Resolves to what is there; throws what is wrong. */
export type Probe = () => Promise<string> | string

export interface HealthOptions {
  /** By name: the database answers, the schema is the code's, the node holds its lease, … */
  probes: Record<string, Probe>
  /** A probe that takes longer has failed. */
  timeoutMs?: number
  /** How long an answer stands: probes come from orchestrators, load balancers and people at once. */
  cacheMs?: number
}

export interface Health {
  /**
   * True as long as the event loop comes round to answer; only a restart mends the opposite. Says nothing of the
   * database.
   */
  live(): { alive: true; uptimeSeconds: number }
  /** Whether this node should be sent requests. Never throws. */
  ready(): Promise<Readiness>
}

/** Health as data; what answers HTTP puts it into words. */
export function openHealth(options: HealthOptions): Health {
  const { probes, timeoutMs = 2_000, cacheMs = 500 } = options
  let asking: Promise<Readiness> | undefined
  let last: { readiness: Readiness; at: number } | undefined
  return {
    live: () => ({ alive: true, uptimeSeconds: Math.floor(process.uptime()) }),
    async ready() {
      if (last && performance.now() - last.at < cacheMs) return last.readiness
      asking ??= Promise.all(
        Object.entries(probes).map(([name, probe]) => check(name, probe, timeoutMs)),
      )
        .then((checks) => {
          const readiness = { ready: checks.every((one) => one.ok), checks }
          last = { readiness, at: performance.now() }
          return readiness
        })
        .finally(() => {
          asking = undefined
        })
      return await asking
    },
  }
}

async function check(name: string, probe: Probe, timeoutMs: number): Promise<Check> {
  const startedAt = performance.now()
  const done = (ok: boolean, detail: string): Check => ({
    name,
    ok,
    detail,
    durationMs: Math.round(performance.now() - startedAt),
  })
  let found: Check | undefined
  const answer = (async () => probe())().then(
    (detail) => (found = done(true, detail)),
    (error: unknown) => (found = done(false, errorMessage(error))),
  )
  await waitAtMost(timeoutMs, answer)
  return found ?? done(false, `no answer within ${timeoutMs} ms`)
}

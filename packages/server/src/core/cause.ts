import type { BlockReason, Failed, Outcome, TimedOut, UnreachableReason } from './outcome.ts'

/** What an attempt failed of, in words that many share: `refused.503`, `timed-out.headers`, `unreachable.dns`. */
export function causeOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'delivered':
      return 'delivered'
    case 'refused':
      return `refused.${outcome.statusCode}`
    case 'timed-out':
      return `timed-out.${outcome.phase}`
    case 'unreachable':
    case 'blocked':
    case 'failed':
      return `${outcome.kind}.${outcome.reason}`
  }
}

/** The same of an attempt as it is kept: of what was no answer, the text tells the reason. */
export function causeOfKept(kept: {
  outcome: string
  statusCode: number
  error: string | null
}): string {
  const error = kept.error ?? ''
  switch (kept.outcome) {
    case 'delivered':
      return 'delivered'
    case 'refused':
      return `refused.${kept.statusCode}`
    case 'timed-out':
      return `timed-out.${/waiting for the (\w+)/.exec(error)?.[1]?.replace('connection', 'connect') ?? 'headers'}`
    default:
      return `${kept.outcome}.${/^([a-z-]+): /.exec(error)?.[1] ?? 'network'}`
  }
}

const unreachable: Record<UnreachableReason, true> = {
  dns: true,
  'connect-refused': true,
  'no-route': true,
  tls: true,
  reset: true,
  closed: true,
  protocol: true,
  local: true,
  aborted: true,
  network: true,
}
const blocked: Record<BlockReason, true> = {
  url: true,
  scheme: true,
  credentials: true,
  port: true,
  host: true,
  address: true,
  request: true,
}
const others: Record<TimedOut['phase'] | Failed['reason'], true> = {
  connect: true,
  headers: true,
  body: true,
  transform: true,
  sealed: true,
  token: true,
  library: true,
}

export const unreachableReasons = Object.keys(unreachable) as UnreachableReason[]
export const blockReasons = Object.keys(blocked) as BlockReason[]
/** Each reason that a cause may name. */
export const causeReasons = Object.keys({ ...unreachable, ...blocked, ...others })

/** A cause and its parts. */
export function partsOfCause(code: string): {
  code: string
  outcome: Exclude<Outcome['kind'], 'delivered'>
  statusCode: number | null
  reason: string | null
} {
  const [kind, rest] = code.split('.', 2)
  const outcome = kind as Exclude<Outcome['kind'], 'delivered'>
  if (outcome === 'refused') return { code, outcome, statusCode: Number(rest), reason: null }
  return { code, outcome, statusCode: null, reason: rest ?? null }
}

export const causeForm =
  /^(?:refused\.\d{3}|(?:timed-out|unreachable|blocked|failed)\.[a-z-]{1,40})$/

/** What the dialects' ports are made of, and what they share. */
import type { DialectName } from '../../core/endpoint.ts'
import { lowestId, readId } from '../../core/id.ts'
import { invalid } from '../../core/error.ts'
import type { Clock } from '../../core/clock.ts'
import type { Accepted, IncomingMessage } from '../../core/message.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { Dialect } from '../../dialects/contract/dialect.ts'
import type { ProbeRequest } from '../../dialects/contract/ports.ts'
import type { Payloads } from '../../db/payload.ts'
import type { Registry } from '../../registry/registry.ts'
import type { Devices } from '../../sources/gateway-websocket/devices.ts'
import type { Intake } from '../../sources/intake/intake.ts'
import type { Pool } from '../../db/pool.ts'
import { type Position, decodeCursor } from './time-slices.ts'

export interface PortDeps {
  db: Pool
  clock: Clock
  registry: Registry
  dialects: ReadonlyMap<DialectName, Dialect>
  accept: (message: IncomingMessage) => Promise<Accepted>
  intake: Intake
  wake: (endpointId: string) => void
  /** One request by the engine's sender, outside the queue. */
  send: (request: ProbeRequest) => Promise<Outcome>
  urlProblem: (url: string) => string | undefined
  payloads: Pick<Payloads, 'open'>
  devices: Devices
  liveNodes: () => number
  serverUrl: () => string
  isAway: (error: unknown) => boolean
  report: (error: unknown, about: string) => void
}

/** Longer than anything is kept. */
const everMs = 3_660 * 86_400_000

export interface Span {
  sinceMs?: number | undefined
  untilMs?: number | undefined
  after?: string | undefined
}

/** Where a scan begins and ends. */
export function bounds(
  { sinceMs, untilMs, after }: Span,
  nowMs: number,
): { after: Position | undefined; sinceMs: number; untilMs: number } {
  const position = after === undefined ? undefined : decodeCursor(after)
  if (after !== undefined && position === undefined)
    throw invalid(
      ['query', 'cursor'],
      'is no place in this list; leave it out to begin at the start',
    )
  return {
    after: position,
    sinceMs: sinceMs ?? nowMs - everMs,
    // Clocks of nodes differ a little.
    untilMs: Math.max(0, Math.min(nowMs + 60_000, untilMs ?? Number.POSITIVE_INFINITY)),
  }
}

export function positionOfId({ id }: { id: string }): Position {
  return { id, tie: lowestId }
}

export function positionOfDelivery(row: {
  message_id: string
  endpoint_id: string | null
}): Position {
  return { id: row.message_id, tie: row.endpoint_id ?? lowestId }
}

/** A UUID from the text of a request: the UUID itself, or the id as it is shown; undefined for anything else. */
export function uuidFrom(
  kind: 'delivery' | 'message' | 'endpoint',
  text: string,
): string | undefined {
  return readId(kind, text) ?? (isUuid(text) ? text.toLowerCase() : undefined)
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}

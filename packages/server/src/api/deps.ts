import type { EndpointDefaults } from '../core/endpoint-defaults.ts'
import type { PayloadLinks } from '../core/payload-link.ts'
import type { Health } from '../observe/health.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { HttpMetrics } from '../observe/telemetry/http-metrics.ts'
import type { RequestTracing } from '../observe/telemetry/traces.ts'
import type { RouteRules } from '../route/route.ts'
import type { Live } from '../traffic/live/live.ts'
import type { BrokerPort } from './sources/broker.ts'
import type { Intake } from '../sources/intake/intake.ts'
import type { Rebuild } from './attempts/sent.ts'
import { type DialectPart } from './dialects/mount.ts'
import { type TransformTrial } from './endpoints/transform.ts'
import type { IdempotencyStore } from './idempotency/idempotency.ts'
import type { Replica } from '../db/replica.ts'
import type { Needs } from './route-deps.ts'
import type { TlsFiles } from './door/tls.ts'
import type { ShownFinding } from './system/doctor.ts'
import type { ShownSetting } from './system/routes.ts'
import type { AddressTrial } from './try/address.ts'

/** What the API stands on. */
export interface ApiDeps
  extends Needs<'db' | 'clock' | 'registry' | 'accept' | 'acceptMany' | 'wake' | 'payloads'> {
  /** Lists of what is kept, and statistics, are read here; undefined: from `db`. */
  replica?: Replica | undefined
  /** `idempotencyStore(db, seal, …)` of idempotency/store.ts. */
  idempotency: IdempotencyStore
  /** The dialects' routes are served where this is given. */
  dialects?: DialectPart
  /** Gateways can send their events in where this is given. */
  intake?: Intake
  /** Sources can be fed by brokers where this is given. */
  brokers?: BrokerPort
  /** Who watches is told what happens where this is given. */
  live?: Live
  /** Addresses can be checked before endpoints are made of them where this is given. */
  addressTrial?: AddressTrial
  /** What `pombo doctor` finds; shown to who runs it where this is given. */
  diagnose?: () => Promise<ShownFinding[]>
  /** What an endpoint's transformation makes of a message, for trying it out. */
  transform: TransformTrial
  /** What an attempt's request was. */
  rebuild: Rebuild
  /** By which messages are routed, for saying why. */
  rules: RouteRules
  payloadLinks: PayloadLinks
  /** Keys of the hashes by which people's messages are found, newest first. */
  personKeys: readonly Buffer[]
  health: Health
  metrics?: Pick<Metrics, 'render'>
  /** Each request is traced where this is given. */
  requests?: RequestTracing | undefined
  /** Each request is counted by OpenTelemetry's conventions where this is given. */
  http?: HttpMetrics | undefined
  log: {
    error(fields: object, message: string): void
    warn(fields: object, message: string): void
    info?(fields: object, message: string): void
  }
  settings: {
    version: string
    maxBodyBytes: number
    retentionDays: number
    /** For who runs it; secrets masked. */
    configuration?: readonly ShownSetting[] | undefined
    /** Unset: the address that the server listens on. */
    serverUrl?: string | undefined
    /** Path below which it is reached; empty: at the root. */
    basePath?: string
    /** It listens on a socket, so that whoever connects is the proxy before it. */
    onSocket?: boolean
    metricsToken?: () => string | undefined
    /** What holds for endpoints where neither they nor their tenant say anything. */
    endpointDefaults?: EndpointDefaults
    /** HTTPS where it is given. */
    tls?: TlsFiles | undefined
    trustedProxies?: readonly string[]
    corsOrigins?: () => readonly string[]
    /** The dashboard's build; unset: there is none. */
    dashboardFolder?: string | undefined
  }
}

import type { FastifyInstance } from 'fastify'
import type { ParsedSecret, Secret } from '../../core/secret.ts'
import type { DeliveryDialect } from './delivery.ts'
import type { DialectPorts, BackgroundTask, Refusal } from './ports.ts'

/** One event that a dialect's document names. */
export interface CatalogueEvent {
  name: string
  description: string
  category: string
  /** The fields of its payload and what they hold, for catalogues that show them. */
  payload?: Readonly<Record<string, string>>
}

/**
 * A dialect: one of the systems Pombo replaces, at its edges. A value with few members, most of them data or pure.
 * Everything outside `dialects/` is dialect-agnostic; the folders do not know each other.
 */
export interface Dialect extends DeliveryDialect {
  readonly events: readonly CatalogueEvent[]
  /** What is wrong with an endpoint's `dialectOptions`, in a sentence. A dialect without this has none. */
  optionsProblem?(options: Readonly<Record<string, unknown>>): string | undefined
  /**
   * How its secrets are read and made. A dialect without this takes any text as it stands, and signs only where
   * one was given.
   */
  readonly secrets?: { parse(text: string): ParsedSecret; generate(): Secret }
  readonly routes?: DialectRoutes
  /** What it does beside its requests. Called once, when Pombo starts. */
  background?(ports: DialectPorts): BackgroundTask
}

/** The requests that a dialect answers, at the paths of its document. */
export interface DialectRoutes {
  /**
   * `app` is a plugin of the dialect's own: what it registers there (parsers, hooks) touches no other route.
   * Bodies come as `JsonBody` (dialects/request.ts).
   */
  mount(app: FastifyInstance, ports: DialectPorts): void
  /** The body of an error's answer. */
  refusal(refusal: Refusal): object
}

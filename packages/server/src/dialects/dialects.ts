/**
 * The registry of dialects: every endpoint has one, and everything outside this room goes through it.
 * It promises that for each name of core/endpoint.ts there is exactly one dialect, and that formatting and signing
 * are pure.
 */
import type { DialectName } from '../core/endpoint.ts'
import { parseOpaqueSecret, type ParsedSecret, type Secret } from '../core/secret.ts'
import { createAgentes } from './agentes/agentes.ts'
import { deviceStatus } from './device-status/device-status.ts'
import type { Dialect } from './contract/dialect.ts'
import { createEvolution } from './evolution/evolution.ts'
import { type DialectValues, documented } from './settings.ts'
import { createStandard } from './standard/standard.ts'
import { createWhatsmeow } from './whatsmeow/whatsmeow.ts'
import { createZaphub } from './zaphub/zaphub.ts'

/**
 * The dialects, with the defaults that their environment variables set; where none are given, as their documents
 * have them.
 */
export function createDialects(
  values: Partial<DialectValues> = {},
): ReadonlyMap<DialectName, Dialect> {
  const given = { ...documented(), ...values }
  return new Map(
    [
      createStandard(given.standard),
      createWhatsmeow(given.whatsmeow),
      createZaphub(given.zaphub),
      deviceStatus,
      createEvolution(given.evolution),
      createAgentes(given.agentes),
    ].map((dialect): [DialectName, Dialect] => [dialect.name, dialect]),
  )
}

/** What the dialects say of an endpoint's settings, for whoever saves them. */
export function endpointRules(known: ReadonlyMap<DialectName, Dialect>): {
  checkDialectOptions(name: DialectName, options: Record<string, unknown>): string | undefined
  parseSecret(name: DialectName, text: string): ParsedSecret
  generateSecret(name: DialectName): Secret | null
} {
  return {
    checkDialectOptions(name, options) {
      const dialect = known.get(name)
      if (dialect?.optionsProblem) return dialect.optionsProblem(options)
      return Object.keys(options).length > 0 ? `the dialect "${name}" has no options` : undefined
    },
    parseSecret(name, text) {
      const secrets = known.get(name)?.secrets
      return secrets ? secrets.parse(text) : parseOpaqueSecret(text)
    },
    generateSecret: (name) => known.get(name)?.secrets?.generate() ?? null,
  }
}

/** As their documents have them. */
export const dialects = createDialects()

/** The dialect of that name; an endpoint cannot be saved with another. */
export function dialectOf(name: DialectName): Dialect {
  const dialect = dialects.get(name)
  if (!dialect) throw new Error(`there is no dialect "${name}"`)
  return dialect
}

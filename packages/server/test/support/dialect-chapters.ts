/** What docs/reference/dialects.md is made of: the registry, the samples, and the table of each dialect's document. */
import { existsSync, readFileSync } from 'node:fs'
import type { DialectChapter } from '../../src/api/dialects/reference.ts'
import type { DialectName } from '../../src/core/endpoint.ts'
import { parseOpaqueSecret, parseSecret } from '../../src/core/secret.ts'
import { dialects } from '../../src/dialects/dialects.ts'
import { dialectSettings } from '../../src/dialects/settings.ts'
import { endpointOf, outgoing, samplesOf } from './dialect-samples.ts'

/** By the dialect: its document, and the sample that is shown. */
const about: Record<DialectName, { document: string | null; file: string }> = {
  standard: { document: null, file: 'order' },
  whatsmeow: {
    document: 'document 000, the delivery plan of a webhook service around whatsmeow',
    file: 'message',
  },
  zaphub: {
    document: 'document 001, the workers and webhooks of ZapHub',
    file: 'message.received',
  },
  'device-status': {
    document: 'document 002, the status webhook of WhatsApp devices',
    file: 'login_success',
  },
  evolution: {
    document: 'document 003, the dual webhook of Evolution API Lite',
    file: 'messages.upsert',
  },
  agentes: {
    document: 'document 004, the webhooks of Agentes de Conversão',
    file: 'user.registered',
  },
}

export function dialectChapters(): DialectChapter[] {
  return [...dialects.values()].map((dialect): DialectChapter => {
    const { document, file } = about[dialect.name]
    const sample = samplesOf(dialect.name).find((one) => one.file === file)
    if (!sample) throw new Error(`${dialect.name} has no sample "${file}"`)
    const groups: Partial<Record<DialectName, DialectChapter['settings']>> = dialectSettings
    return {
      dialect,
      document,
      settings: groups[dialect.name] ?? {},
      coverage: coverageOf(dialect.name),
      example: {
        event: outgoing(sample),
        endpoint: endpointOf(dialect.name, sample.endpoint),
        secret: exampleSecret(dialect.name),
        file,
      },
    }
  })
}

/** The table of a dialect's document; empty for one that has none. */
export function coverageOf(name: DialectName): string {
  const file = new URL(`../../src/dialects/${name}/COVERAGE.md`, import.meta.url)
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

function exampleSecret(name: DialectName) {
  const parsed =
    name === 'standard'
      ? parseSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
      : parseOpaqueSecret('meu-secret')
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.secret
}

import type { z } from 'zod'
import { invalid, invalidFields } from '../../core/error.ts'
import { unknown } from '../../core/known.ts'
import type { endpointIn } from '../endpoints/schema.ts'
import { say } from '../../core/sentences/sentences.ts'

/** The same in each language that Pombo's pages speak. */
export interface Words {
  en: string
  'pt-BR': string
}

export interface TemplateField {
  name: string
  label: Words
  help?: Words
  /** `secret` is text that is not shown while it is typed. */
  kind: 'url' | 'text' | 'secret'
  /** What it looks like, and what previews take until something is typed. */
  example: string
  /** A regular expression that all of it fits, if it is not free. */
  pattern?: string
  optional?: true
}

/**
 * An endpoint that is ready but for a few values: data, and the function that puts them in. What arrives is what the
 * documentation at `docs` asks for; test/integration/templates.test.ts holds each to it.
 */
export interface Template {
  id: string
  /** As the product is called everywhere. */
  name: string
  kind: 'workflow' | 'chat' | 'system' | 'database'
  about: Words
  /** Of the receiver: what it takes, where that is public. */
  docs?: string
  /** What has to be done there before, where it is a command. */
  setUp?: string
  fields: readonly TemplateField[]
  /** An event as its users have them. */
  sample: { eventType: string; payload: unknown }
  endpoint: (values: Readonly<Record<string, string>>) => z.input<typeof endpointIn>
}

/** Throws a 422 for a value that no field of the template has the name of. */
export function refuseUnknownValues(
  { fields }: Pick<Template, 'fields'>,
  given: Readonly<Record<string, string>>,
): void {
  const names = fields.map(({ name }) => name)
  for (const [name, value] of Object.entries(given)) {
    if (names.includes(name) || value === '') continue
    const problem = unknown(name, names, ['body', 'values'])
    throw invalidFields([problem])
  }
}

/** The values, trimmed and without those that are empty; throws a 422 that names every field at fault. */
export function checkValues(
  { fields }: Template,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const values: Record<string, string> = {}
  refuseUnknownValues({ fields }, given)
  for (const { name, kind, pattern, optional, example } of fields) {
    const value = given[name]?.trim() ?? ''
    if (value === '') {
      if (optional) continue
      throw invalid(
        ['body', 'values', name],
        { msg: 'field required', code: 'missing' },
        'value_error.missing',
      )
    }
    if (kind === 'url' && !/^[a-z]+:\/\/[^/\s]+/i.test(value))
      throw invalid(['body', 'values', name], say('such_address', { example }))
    if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`).test(value))
      throw invalid(['body', 'values', name], say('such_as', { example }))
    values[name] = value
  }
  return values
}

/** Text as CEL and JSON both write it. */
export function quoted(text: string): string {
  return JSON.stringify(text)
}

/** Below a base address, whatever it ends with. */
export function below(base: string, path: string): string {
  return base.replace(/\/+$/, '') + path
}

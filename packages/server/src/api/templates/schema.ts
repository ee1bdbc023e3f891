import { z } from 'zod'
import { endpointIn } from '../endpoints/schema.ts'
import type { Template, TemplateField, Words } from './template.ts'
import { codedOut } from '../coded.ts'
import { component } from '../field.ts'

const words = z
  .object({ en: z.string(), 'pt-BR': z.string() })
  .meta({ id: 'TemplateWords', description: 'The same in English and in Portuguese' })

const fieldOut = z.object({
  name: z.string(),
  label: words,
  help: words.nullable(),
  kind: z.enum(['url', 'text', 'secret']),
  example: z.string(),
  pattern: z.string().nullable().describe('A regular expression that all of it fits'),
  optional: z.boolean(),
})

export const templateOut = component('TemplateOut', {
  id: z.string().meta({ examples: ['slack'] }),
  name: z.string(),
  kind: z.enum(['workflow', 'chat', 'system', 'database']),
  about: words,
  docs: z.string().nullable().describe('What the receiver says of what it takes'),
  setUp: z.string().nullable().describe('A command that makes the receiver ready, such as SQL'),
  fields: z.array(fieldOut),
  sample: z.object({ eventType: z.string(), payload: z.unknown() }),
})

const values = z
  .record(z.string(), z.string())
  .meta({ description: "The template's fields, by name", examples: [{ url: 'https://…' }] })

export const tryIn = component('TemplateTrialIn', {
  values: values.describe('Fields that are left out, or are not good yet, take their examples'),
  messageId: z
    .string()
    .nullish()
    .describe("A message that was accepted; null: the template's sample"),
})

export const tryOut = component('TemplateTrialOut', {
  request: z
    .object({
      url: z.string(),
      headers: z.array(z.object({ name: z.string(), value: z.string() })),
      body: z.string(),
    })
    .nullable(),
  problem: z.string().nullable().describe('Why there would be no request'),
  problemCoded: codedOut,
})

/** What somebody decides of an endpoint whose form is given. */
const besides = endpointIn.pick({
  uid: true,
  description: true,
  eventTypes: true,
  channels: true,
  filter: true,
  disabled: true,
})

export const useIn = z
  .object({ values, ...besides.shape })
  .meta({ id: 'TemplateUseIn', description: 'The fields, and what of the endpoint is set besides' })

const both = ({ en, 'pt-BR': ptBr }: Words): Words => ({ en, 'pt-BR': ptBr })

export function showTemplate(one: Template): z.output<typeof templateOut> {
  const { id, name, kind, about, docs, setUp, fields, sample } = one
  return {
    id,
    name,
    kind,
    about: both(about),
    docs: docs ?? null,
    setUp: setUp ?? null,
    fields: fields.map((field: TemplateField) => ({
      name: field.name,
      label: both(field.label),
      help: field.help === undefined ? null : both(field.help),
      kind: field.kind,
      example: field.example,
      pattern: field.pattern ?? null,
      optional: field.optional ?? false,
    })),
    sample,
  }
}

// Whether a value fits a schema of an OpenAPI document.
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { Schema } from './documented.ts'
import { formatsOfPombo } from './openapi.ts'

export function checker(document: object) {
  const ajv = new Ajv2020({ strict: false, validateFormats: true })
  formats.default(ajv)
  for (const name of formatsOfPombo) ajv.addFormat(name, true)
  ajv.addSchema(document, 'api')
  const known = new Map<string, (value: unknown) => boolean>()
  const compiled = (schema: Schema) => {
    const text = JSON.stringify(schema)
    let check = known.get(text)
    if (check === undefined) {
      const moved = JSON.parse(text.replaceAll('"#/components/', '"api#/components/')) as object
      known.set(text, (check = ajv.compile(moved) as (value: unknown) => boolean))
    }
    return check
  }
  // Asked of the same places again and again: their text is only looked at once.
  const seen = new WeakMap<Schema, (value: unknown) => boolean>()
  return (schema: Schema, value: unknown) => {
    let check = seen.get(schema)
    if (check === undefined) seen.set(schema, (check = compiled(schema)))
    return check(value)
  }
}

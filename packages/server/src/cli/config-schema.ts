import { allSettings } from '../config/config.ts'
import { keyOf } from '../config/names.ts'
import { fileVariableOf } from '../config/secret-files.ts'
import type { Setting } from '../core/setting.ts'

/** JSON Schema of a configuration file in YAML, for editors: docs/reference/pombo.schema.json, as it must be. */
export function configSchema(): string {
  const properties: Record<string, object> = {}
  for (const { group, setting } of allSettings()) {
    properties[keyOf(setting.variable)] = formOf(setting, group)
    if (setting.secret)
      properties[keyOf(fileVariableOf(setting.variable))] = {
        type: 'string',
        description: `File that holds ${setting.variable}.`,
      }
  }
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of Pombo',
    description: 'pombo serve --config pombo.yaml',
    type: 'object',
    additionalProperties: false,
    properties,
  }
  return `${JSON.stringify(schema, null, 2)}\n`
}

function formOf(setting: Setting<unknown>, group: string): object {
  const { kind, description, variable, defaultNote, live } = setting
  const fallback = typeof setting.default === 'string' ? setting.default : ''
  const said = [
    description,
    `Takes ${kind.allowed}.`,
    fallback || defaultNote ? `Default: ${fallback || defaultNote}.` : '',
    live ? 'Taken up while Pombo runs.' : '',
    `${group}; ${variable}.`,
  ]
  return { ...kind.json, description: said.filter(Boolean).join(' '), examples: [kind.example] }
}

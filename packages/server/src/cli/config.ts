import { styleText } from 'node:util'
import type { ConfigEntry } from '../config/config.ts'
import { command, exitCodes, flag } from './command.ts'
import { configOption, withConfig } from './config-loading.ts'
import { printJson } from './output.ts'
import { configReference } from './config-reference.ts'

export const configCommand = command({
  name: 'config',
  summary: 'Print the configuration in effect, without secrets',
  about: `Every variable with its value, its default, and where the value came from: the environment, the file, or
the default. Secrets are never printed. A configuration that Pombo would not start with is refused here in the
same words.`,
  options: {
    config: configOption,
    json: flag('As JSON, a list with one object for each variable'),
    schema: flag('The JSON Schema of a file in YAML, as in docs/reference/pombo.schema.json'),
    markdown: flag('The reference page of all variables, as in docs/reference/configuration.md'),
  },
  examples: [
    ['pombo config', 'What would "pombo serve" start with here?'],
    ['pombo config --config /etc/pombo.yaml --json', 'The same for a file, for a script'],
  ],
  async run({ config: file, json, markdown, schema }) {
    if (schema) {
      process.stdout.write((await import('./config-schema.ts')).configSchema())
      return exitCodes.ok
    }
    if (markdown) {
      process.stdout.write(configReference())
      return exitCodes.ok
    }
    return await withConfig({ file }, async (_config, { entries, file: used }) => {
      if (json) printJson(entries.map(asJson))
      else process.stdout.write(asText(entries, used))
      return exitCodes.ok
    })
  },
})

function asJson({
  variable,
  value,
  source,
  secret,
  live,
  group,
  description,
  ...entry
}: ConfigEntry) {
  const fallback = entry.default ?? null
  return {
    variable,
    value: value ?? null,
    default: fallback,
    source,
    secret,
    live,
    group,
    description,
  }
}

function asText(entries: readonly ConfigEntry[], file: string | undefined): string {
  const width = Math.max(...entries.map(({ variable }) => variable.length))
  let text = file === undefined ? '' : `File: ${file}\n`
  for (const [group, members] of Map.groupBy(entries, ({ group }) => group)) {
    text += `\n${styleText('bold', group)}\n`
    for (const entry of members) text += `  ${entry.variable.padEnd(width)}  ${valueOf(entry)}\n`
  }
  return text.trimStart()
}

function valueOf({ value, default: fallback, source, variable }: ConfigEntry): string {
  switch (source) {
    case 'unset':
      return styleText('gray', `not set${fallback ? `: ${fallback}` : ''}`)
    case 'default':
      return `${value === '' ? fallback : value} ${styleText('gray', '(default)')}`
    case 'environment':
    case 'file':
    case 'command': {
      const usual =
        fallback === undefined || variable === 'NODE_ENV' ? '' : `; default: ${fallback}`
      return `${styleText('cyan', value ?? '')} ${styleText('gray', `(${source}${usual})`)}`
    }
  }
}

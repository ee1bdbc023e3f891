import { readFileSync } from 'node:fs'
import { errorCode, errorMessage } from '../core/thrown.ts'

/** What a configuration file holds, by variable; or everything that is wrong with its form, and the rest of it. */
export type ConfigFile =
  | { ok: true; values: Map<string, FileValue> }
  | { ok: false; problems: string[]; values?: Map<string, FileValue> }

export interface FileValue {
  text: string
  /** What the variable is called in the file. */
  name: string
  line?: number
}

export type YamlReader = (text: string, path: string, variables: readonly string[]) => ConfigFile

export const isYaml = (path: string): boolean => /\.ya?ml$/i.test(path)

/**
 * Reads a configuration file: YAML where its name says so; a JSON object of variable names (values: text, number,
 * boolean, or a list of them); or lines of `KEY=VALUE`, where `#` begins a comment and quotes keep what is between
 * them as it stands. Nothing is expanded.
 */
export function readConfigFile(
  path: string,
  variables: readonly string[],
  readYaml: YamlReader | undefined,
): ConfigFile {
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (error) {
    const reason = errorCode(error) === 'ENOENT' ? 'there is no such file' : String(error)
    return { ok: false, problems: [`The configuration file ${path} cannot be read: ${reason}.`] }
  }
  const text = content.replace(/^\uFEFF/, '')
  if (isYaml(path)) return readYaml!(text, path, variables)
  return text.trimStart().startsWith('{') ? readJson(text, path) : readLines(text, path)
}

function readJson(text: string, path: string): ConfigFile {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    // The parser's message quotes the text around the mistake, which may be a secret.
    const where = /position \d+(?: \(line \d+ column \d+\))?/.exec(errorMessage(error))?.[0]
    return { ok: false, problems: [`${path} is not valid JSON${where ? ` (at ${where})` : ''}.`] }
  }
  const values = new Map<string, FileValue>()
  const problems: string[] = []
  for (const [key, value] of Object.entries(parsed as Record<string, unknown>)) {
    const flat = Array.isArray(value) ? value : [value]
    if (value === null) continue
    if (flat.every((item) => ['string', 'number', 'boolean'].includes(typeof item)))
      values.set(key, { text: flat.join(','), name: key })
    else problems.push(`${path}: ${key} must be text, a number, true or false, or a list of them.`)
  }
  return problems.length > 0 ? { ok: false, problems, values } : { ok: true, values }
}

function readLines(text: string, path: string): ConfigFile {
  const values = new Map<string, FileValue>()
  const problems: string[] = []
  const lines = text.split(/\r?\n/)
  for (const [index, line] of lines.entries()) {
    if (/^\s*(#|$)/.test(line)) continue
    const where = `${path}, line ${index + 1}`
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line)
    if (!match) {
      problems.push(`${where} is not of the form KEY=VALUE.`)
      continue
    }
    const [, key, raw] = match as unknown as [string, string, string]
    const value = unquote(raw)
    if (value === undefined)
      problems.push(`${where}: the quote that opens ${key}'s value is not closed on that line.`)
    else if (values.has(key)) problems.push(`${where}: ${key} is set a second time.`)
    else values.set(key, { text: value, name: key, line: index + 1 })
  }
  return problems.length > 0 ? { ok: false, problems, values } : { ok: true, values }
}

function unquote(raw: string): string | undefined {
  const quote = raw[0]
  if (quote !== '"' && quote !== "'") return raw.startsWith('#') ? '' : raw.replace(/\s+#.*$/, '')
  const end = raw.indexOf(quote, 1)
  if (end < 0 || !/^\s*(#.*)?$/.test(raw.slice(end + 1))) return undefined
  return raw.slice(1, end)
}

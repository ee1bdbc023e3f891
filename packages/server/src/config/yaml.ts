import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { ConfigFile, FileValue } from './file.ts'
import { didYouMean, keyOf } from './names.ts'

/**
 * Reads a configuration file in YAML: one map, whose keys are variables in camel case without `POMBO_`, or as they
 * are. Imported only where there is such a file, since its parser takes 40 ms to load.
 */
export function readYaml(text: string, path: string, variables: readonly string[]): ConfigFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const lineAt = (offset: number): number => lines.linePos(offset).line
  const problems = [...document.errors, ...document.warnings].map(
    // Only the code, as the parser's message may quote a secret.
    ({ code, pos }) =>
      `${path}, line ${lineAt(pos[0])}: this is not valid YAML (${inWords(code)}).`,
  )
  if (problems.length > 0) return { ok: false, problems }
  const values = new Map<string, FileValue>()
  const { contents } = document
  if (contents === null) return { ok: true, values }
  if (!isMap(contents))
    return { ok: false, problems: [`${path} must hold settings, as in "listen: 0.0.0.0:8071".`] }

  const byKey = new Map(variables.flatMap((one) => [[keyOf(one), one] as const, [one, one]]))
  for (const { key, value } of contents.items) {
    const name = isScalar(key) ? String(key.value) : ''
    const line = lineAt((key as Node).range?.[0] ?? 0)
    const where = `${path}, line ${line}`
    const variable = byKey.get(name)
    if (variable === undefined) {
      problems.push(`${where}: ${name} is no setting of Pombo.${didYouMean(name, byKey.keys())}`)
      continue
    }
    const other = values.get(variable)
    const read = textOf(isAlias(value) ? value.resolve(document) : (value as Node | null))
    if (other)
      problems.push(
        `${where}: ${name} is set a second time, as ${other.name} in line ${other.line}.`,
      )
    else if ('problem' in read) problems.push(`${where}: ${name} ${read.problem}.`)
    else if (read.text !== undefined) values.set(variable, { text: read.text, name, line })
  }
  return problems.length > 0 ? { ok: false, problems, values } : { ok: true, values }
}

/** Of numbers as they are written: 4194304 must not become 4.2e6, nor 010 eight. */
function textOf(node: Node | null | undefined): { text?: string } | { problem: string } {
  if (isScalar(node)) {
    if (node.value === null) return {}
    return {
      text: typeof node.value === 'string' ? node.value : (node.source ?? ''),
    }
  }
  if (!isSeq(node)) {
    return node == null
      ? {}
      : { problem: 'must be text, a number, true or false, or a list of them' }
  }
  const items: string[] = []
  for (const item of node.items) {
    if (!isScalar(item)) return { problem: 'must be a list of text, numbers, true or false' }
    const read = textOf(item)
    if ('text' in read && read.text !== undefined) items.push(read.text)
  }
  const divided = items.find((item) => item.includes(','))
  return divided === undefined
    ? { text: items.join(',') }
    : { problem: 'has a comma in an item of its list; make two items of it' }
}

/** `BAD_INDENT`: bad indent. */
const inWords = (code: string): string => code.toLowerCase().replaceAll('_', ' ')

/** What a document says, line by line: what each table in COVERAGE.md has to hold. */

export interface DocumentLine {
  kind: 'heading' | 'item' | 'row' | 'label' | 'route' | 'variable' | 'member' | 'curl' | 'event'
  text: string
}

interface Block {
  language: string
  text: string
}

/**
 * Headings, list items, rows of tables and bold labels; of its blocks the requests, the variables, the members and
 * the events.
 */
export function linesOf(document: string): DocumentLine[] {
  const { prose, blocks } = split(document)
  const lines: DocumentLine[] = []
  for (const line of prose) {
    const heading = /^#{1,6} +(.*)$/.exec(line)
    const item = /^\s*(?:[-*]|\d+\.) +(?:\[x\] +)?(.*)$/.exec(line)
    if (heading) lines.push({ kind: 'heading', text: heading[1]! })
    else if (item) lines.push({ kind: 'item', text: item[1]! })
    else if (/^\|.*[^-|\s]/.test(line)) lines.push({ kind: 'row', text: line })
    else if (/^\*\*.+\*\*/.test(line)) lines.push({ kind: 'label', text: line })
    for (const [route] of line.matchAll(/\b(?:GET|POST|PUT|PATCH|DELETE) \/[\w/:?=|&-]+/g))
      lines.push({ kind: 'route', text: route })
  }
  for (const block of blocks) lines.push(...linesOfBlock(block))
  return lines
}

/** A line's letters and digits, so that emphasis, links and pictograms do not matter. */
export function plain(text: string): string {
  return text
    .replaceAll(/\]\([^)]*\)/g, ' ')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\uFFFD]+/gu, ' ')
    .trim()
}

/** A shell line with its continued lines as one, and every gap as one blank. */
export function oneLine(shell: string): string {
  return shell.replaceAll(/\\+\n/g, ' ').replaceAll(/\s+/g, ' ').trim()
}

function split(document: string): { prose: string[]; blocks: Block[] } {
  const prose: string[] = []
  const blocks: Block[] = []
  let open: Block | undefined
  for (const line of document.split('\n')) {
    const fence = /^\s*```(\w*)/.exec(line)
    if (fence && open) {
      blocks.push(open)
      open = undefined
    } else if (fence) open = { language: fence[1]!, text: '' }
    else if (open) open.text += `${line}\n`
    else prose.push(line)
  }
  return { prose, blocks }
}

function linesOfBlock({ language, text }: Block): DocumentLine[] {
  const found = (kind: DocumentLine['kind'], pattern: RegExp): DocumentLine[] =>
    [...text.matchAll(pattern)].map(([whole, part]) => ({ kind, text: part ?? whole }))
  return [
    ...found('curl', /^curl (?:'[^']*'|"[^"]*"|\\\n|[^'"\n])*/gm),
    ...found('variable', /^([A-Z][A-Z0-9_]{4,})=/gm),
    ...found('variable', /env:"([A-Z0-9_]+)"/g),
    ...found('route', /https?:\/\/(?:localhost:\d+|api\.[\w.]+)(\/api\/[\w/{}-]+)/g),
    ...found('route', /^((?:GET|POST|PUT|PATCH|DELETE) \/\S+)$/gm),
    ...found('event', /"event(?:_type)?": "([\w.]+)"/g),
    ...(language === 'json' ? found('member', /"(\w+)":/g) : []),
    ...(language === 'sql' ? found('member', /^\s*(?:- )?([a-z_\d]+):? [A-Z]+/gm) : []),
    ...(language === 'go' ? found('member', /json:"(\w+)"/g) : []),
    ...(language === 'http' ? found('member', /^([\w-]+): /gm) : []),
  ]
}

/** An event as it leaves: its name, and its members by their paths, in their order. */
export interface Example {
  name: string
  members: string[]
}

/**
 * The examples of events that a document shows; not its lines of a log, nor the answers of requests, nor JSON with
 * comments.
 */
export function examplesOf(document: string): Example[] {
  return split(document).blocks.flatMap(({ language, text }) => {
    if (language !== 'json' || /^\s*"(level|success)":|"SUCCESS"|\/\/ /m.test(text)) return []
    const example = text.includes('...]') ? undefined : exampleOf(text)
    // "string": the shape of an event is shown, not one.
    return example && !['', 'string'].includes(example.name) ? [example] : []
  })
}

export function exampleOf(json: string): Example {
  const value = JSON.parse(json) as Record<string, unknown>
  const event = value['event'] as { type?: unknown } | undefined
  const name = typeof event === 'object' ? event.type : (event ?? value['event_type'])
  return { name: typeof name === 'string' ? name : '', members: pathsOf(value) }
}

function pathsOf(value: unknown, before = ''): string[] {
  if (Array.isArray(value)) return value.length > 0 ? pathsOf(value[0], `${before}[].`) : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [
    before + key,
    ...pathsOf(inner, `${before}${key}.`),
  ])
}

import fastify from 'fastify'
import type { Endpoint } from '../../core/endpoint.ts'
import type { Secret } from '../../core/secret.ts'
import type { Setting, SettingGroup } from '../../core/setting.ts'
import type { OutgoingEvent } from '../../dialects/contract/delivery.ts'
import type { CatalogueEvent, Dialect } from '../../dialects/contract/dialect.ts'
import type { DialectPorts } from '../../dialects/contract/ports.ts'

/** One dialect, and what its page shows of it besides. */
export interface DialectChapter {
  dialect: Dialect
  settings: SettingGroup
  /** Its document, with the number under which samples and tables name it; null: the native dialect has none. */
  document: string | null
  /** Its COVERAGE.md. */
  coverage: string
  /** Shown as it is sent. */
  example: { event: OutgoingEvent; endpoint: Endpoint; secret: Secret; file: string }
}

const head = `# Dialects

Made from the registry in \`packages/server/src/dialects\` and from each dialect's \`COVERAGE.md\`; do not edit.

A dialect is one of the systems that Pombo stands in for, at its edges. It is the format of an endpoint, whatever
the event came from, and it has requests of its own beside the native API. What holds for an endpoint unless the
endpoint says otherwise, the dialect's events, its requests and its variables stand here, and for each line of its
document where it is met and what shows it. A README for each says how it behaves where the document is open, and
where the document is wrong. A name in quotes is that of a test; every name in these tables is checked.

A field, a parameter or a word that a request does not know is refused with 422, which names it and the nearest one,
as in the native API. Not so where what comes is the event itself, which is kept as it came: \`/evolution/…\` (Evolution
takes a refusal as final, so that only who sends is refused), \`/api/webhooks/events/…\`, \`event\` of
\`/api/whatsmeow/sessions/{id}/events\`, and what \`/api/devices/{hash}/events\` has beside \`code\` and \`message\`.
`

/** docs/reference/dialects.md, as it must be. */
export async function dialectReference(chapters: readonly DialectChapter[]): Promise<string> {
  const contents = chapters.map(({ dialect, document }) => {
    const about = document === null ? 'the native one' : document
    return `- [${dialect.name}](#${dialect.name}): ${about}`
  })
  const bodies = await Promise.all(chapters.map(chapter))
  return `${head}\n${contents.join('\n')}\n${bodies.join('')}`
}

async function chapter(one: DialectChapter): Promise<string> {
  const { dialect, settings, document, coverage } = one
  const readme = `../../packages/server/src/dialects/${dialect.name}/README.md`
  const link = document === null ? '' : `\n[README](${readme})\n`
  const parts = [
    `\n## ${dialect.name}\n${link}\n${defaults(dialect)}`,
    section('One event as it is sent', sent(one)),
    section('Events', events(dialect.events)),
    section('Requests', requests(await routesOf(dialect))),
    section('Environment variables', variables(settings)),
  ]
  if (document !== null) parts.push(section('Every line of the document', coverage))
  return parts.join('')
}

function section(title: string, text: string): string {
  return text === '' ? '' : `\n### ${title}\n\n${text}`
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return [header, header.map(() => '---'), ...rows].map(line).join('')
}

function defaults({ retry, timeoutMs }: Dialect): string {
  const delays = retry.scheduleMs.map((ms) => seconds(ms)).join(', ')
  const jitter = retry.jitter === 0 ? 'to the millisecond' : `±${retry.jitter * 100} %`
  const statuses =
    retry.retryStatuses === 'all' ? 'every answer but a 2xx' : retry.retryStatuses.join(', ')
  return table(
    ['Default', ''],
    [
      ['Retries', `${retry.scheduleMs.length}, after ${delays}, ${jitter}`],
      ['Retried', `${statuses}; timeouts and network errors`],
      ['Deadline of an exchange', seconds(timeoutMs)],
    ],
  )
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`
}

function sent({ dialect, example: { event, endpoint, secret, file } }: DialectChapter): string {
  const url = new URL(dialect.url?.(event, endpoint) ?? endpoint.url)
  const body = dialect.format(event, endpoint)
  const headers = {
    Host: url.host,
    'Content-Type': 'application/json',
    ...dialect.headers(event, endpoint),
    ...dialect.sign(event, endpoint, body, [secret]),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return `\`samples/${file}.json\`, signed with the secret \`${secret.text}\`:\n\n\`\`\`http
POST ${url.pathname} HTTP/1.1\n${lines.join('\n')}\n\n${body}\n\`\`\`\n`
}

function events(catalogue: readonly CatalogueEvent[]): string {
  if (catalogue.length === 0) return 'Whatever types the applications send in.\n'
  const withPayload = catalogue.some(({ payload }) => payload !== undefined)
  return table(
    ['Event', 'Category', 'Description', ...(withPayload ? ['Payload'] : [])],
    catalogue.map(({ name, category, description, payload }) => [
      `\`${name}\``,
      category,
      description,
      ...(withPayload ? [fieldsOf(payload)] : []),
    ]),
  )
}

function fieldsOf(payload: CatalogueEvent['payload'] = {}): string {
  return Object.entries(payload)
    .map(([name, what]) => `\`${name}\`: ${what}`)
    .join('; ')
}

function requests(routes: readonly Route[]): string {
  if (routes.length === 0) return ''
  return table(
    ['Method', 'Path'],
    routes.map(({ method, path }) => [`\`${method}\``, `\`${path}\``]),
  )
}

function variables(settings: SettingGroup): string {
  const all = Object.values(settings)
  if (all.length === 0) return ''
  return table(
    ['Variable', 'Default', 'Takes', ''],
    all.map((one) => [`\`${one.variable}\``, defaultOf(one), one.kind.allowed, one.description]),
  )
}

function defaultOf({ default: fallback, defaultNote }: Setting<unknown>): string {
  if (typeof fallback === 'string' && fallback !== '') return `\`${fallback}\``
  return defaultNote ?? 'not set'
}

export interface Route {
  method: string
  /** With its parameters in braces: `/api/v1/sessions/{id}`. */
  path: string
}

/** The requests that a dialect answers, by path. */
export async function routesOf({ routes }: Dialect): Promise<Route[]> {
  if (routes === undefined) return []
  const found = new Map<string, Route>()
  const app = fastify({ exposeHeadRoutes: false })
  app.addHook('onRoute', ({ method, url }) => {
    const path = url.replaceAll(/:(\w+)/g, '{$1}')
    for (const one of [method].flat()) found.set(`${path} ${one}`, { method: one, path })
  })
  // Mounting asks nothing of the host; only requests do.
  routes.mount(app, {} as DialectPorts)
  await app.ready()
  await app.close()
  return [...found.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, route]) => route)
}

// The reference of the API: a page for each group of the OpenAPI document that Pombo makes of its route table.
import { openApiDocument } from '../../packages/dashboard/scripts/openapi.ts'

interface Schema {
  $ref?: string
  anyOf?: Schema[]
  oneOf?: Schema[]
  enum?: unknown[]
  const?: unknown
  type?: string | string[]
  format?: string
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  description?: string
}
interface Content {
  content?: Record<string, { schema: Schema }>
}
interface Operation {
  tags: [string]
  summary: string
  description?: string
  'x-access': string
  'x-pombo-role'?: string
  parameters?: {
    name: string
    in: string
    required?: boolean
    description?: string
    schema: Schema
  }[]
  requestBody?: Content & { required: boolean }
  responses: Record<string, Content & { description: string }>
}
interface Document {
  info: { description: string }
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

/** Text of each page, by id. */
export async function apiPages(): Promise<Map<string, string>> {
  const document = (await openApiDocument()) as Document
  const groups = new Map<string, string[]>()
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods)) {
      const [tag] = operation.tags
      groups.set(tag, [...(groups.get(tag) ?? []), shown(method, path, operation, document)])
    }
  const pages = new Map([['api/index', first(document, [...groups])]])
  for (const [tag, operations] of groups)
    pages.set(idOf(tag), `# ${tag}\n\n${operations.join('\n')}`)
  return pages
}

const idOf = (tag: string) => `api/${tag.toLowerCase().replaceAll(' ', '-')}`

function first({ info }: Document, groups: [string, string[]][]): string {
  const list = groups.map(
    ([tag, { length }]) => `| [${tag}](${idOf(tag).slice(4)}.md) | ${length} |`,
  )
  return `# API

${info.description.replaceAll('—', '-')}

Made of the OpenAPI document that a Pombo serves at \`/api/v1/openapi.json\`; it draws the same at
\`/api/v1/docs\`. Every request carries \`Authorization: Bearer <key>\`. What an operation refuses is in
[errors](../reference/errors.md); which clients there are, in [clients](../reference/clients.md).

| Group | Operations |
| --- | --- |
${list.join('\n')}
`
}

function shown(method: string, path: string, operation: Operation, document: Document): string {
  const role = operation['x-pombo-role']
  const { parameters = [], requestBody, responses } = operation
  const parts = [`## ${operation.summary}`, `\`${method.toUpperCase()} ${path}\``]
  if (operation.description !== undefined) parts.push(operation.description)
  parts.push(role === undefined ? 'Needs no key.' : `Takes a key that may \`${role}\`.`)
  if (parameters.length > 0)
    parts.push(
      table(
        'Parameter',
        parameters.map((one) => [
          `${one.name}${one.required === true ? ' *' : ''}`,
          one.in === 'path' ? typeOf(one.schema) : `${typeOf(one.schema)}, in the ${one.in}`,
          one.description ?? one.schema.description,
        ]),
      ),
    )
  const body = schemaOf(requestBody)
  if (body !== undefined) parts.push(fields('Body', body, document))
  for (const [status, answer] of Object.entries(responses).filter(([status]) =>
    /^[23]/.test(status),
  )) {
    const schema = schemaOf(answer)
    const members = schema === undefined ? '' : `\n\n${fields('Member', schema, document)}`
    parts.push(
      `<details>\n<summary>${status}: ${escape(answer.description)}</summary>${members}\n\n</details>`,
    )
  }
  return `${parts.join('\n\n')}\n`
}

const schemaOf = (one: Content | undefined) => Object.values(one?.content ?? {})[0]?.schema

function fields(head: string, schema: Schema, document: Document): string {
  const { components } = document
  const whole =
    schema.$ref === undefined ? schema : (components.schemas[nameOf(schema.$ref)] ?? schema)
  if (whole.properties === undefined) return `${head}: ${typeOf(schema)}`
  const needed = new Set(whole.required)
  const inner = Object.entries(whole.properties).map(
    ([name, part]) =>
      [`${name}${needed.has(name) ? ' *' : ''}`, typeOf(part), textOf(part)] as const,
  )
  const list = whole.properties['data']?.items
  const each = list === undefined ? '' : `\n\n${fields('Each of `data`', list, document)}`
  return table(head, inner) + each
}

/** Where the value may be null, what it says of itself is one step below. */
const textOf = (part: Schema) =>
  part.description ?? part.anyOf?.find((one) => one.description !== undefined)?.description

function table(
  head: string,
  rows: readonly (readonly [string, string, string | undefined])[],
): string {
  const cells = rows.map(([name, type, text = '']) => {
    const [word, star = ''] = name.split(' ')
    return `| \`${word}\`${star === '' ? '' : ' \\*'} | ${cell(type)} | ${cell(text)} |`
  })
  return [`| ${head} | Type | Meaning |`, '| --- | --- | --- |', ...cells].join('\n')
}

const cell = (text: string) => escape(text).replaceAll('|', '\\|').replaceAll('\n', ' ')
const escape = (text: string) => text.replaceAll('<', '&lt;').replaceAll('*', '\\*')
const nameOf = (ref: string) => ref.split('/').at(-1)!

/** @param schemas where the members of a named object are looked up, if they are to be said */
function typeOf(schema: Schema | undefined, schemas: Record<string, Schema> = {}): string {
  if (schema === undefined) return 'anything'
  const members = Object.keys(
    (schema.$ref === undefined ? schema : schemas[nameOf(schema.$ref)])?.properties ?? {},
  )
  if (members.length > 0 && members.length <= 10) return `object of ${members.join(', ')}`
  if (schema.$ref !== undefined) return nameOf(schema.$ref)
  const either = schema.anyOf ?? schema.oneOf
  if (either !== undefined)
    return [...new Set(either.map((one) => typeOf(one, schemas)))].join(' or ')
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(', ')
  if ('const' in schema) return JSON.stringify(schema.const)
  if (schema.type === 'array') return `list of ${typeOf(schema.items, schemas)}`
  const types = [schema.type ?? 'anything'].flat().join(' or ')
  return schema.format === undefined ? types : `${types} (${schema.format})`
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openApiDocument, schemaText } from '../../scripts/openapi.ts'

interface Schema {
  $ref?: string
  example?: unknown
  examples?: unknown[]
  allOf?: Schema[]
  properties?: { data?: { items?: Schema } }
}

test('the client’s shapes are those of the OpenAPI document', async () => {
  const kept = readFileSync(join(import.meta.dirname, 'schema.d.ts'), 'utf8')
  const current = (await schemaText()) === kept
  expect(current, 'renew it: node packages/dashboard/scripts/openapi.ts').toBe(true)
})

test('what the dashboard is made of, everyone finds in the document, with examples', async () => {
  const document = (await openApiDocument()) as {
    components: { schemas: Record<string, Schema> }
    paths: Record<string, Record<string, object>>
  }

  /** Of the whole, or of what a list is a list of. */
  const shown = (given: Schema | undefined): boolean => {
    const schema = given?.$ref ? document.components.schemas[given.$ref.split('/').at(-1)!] : given
    return (
      (schema?.examples?.length ?? 0) > 0 ||
      schema?.example !== undefined ||
      (schema?.allOf?.some(shown) ?? false) ||
      (schema?.properties?.data?.items !== undefined && shown(schema.properties.data.items))
    )
  }
  const needed = [
    'get /api/v1/stream',
    'get /api/v1/series',
    'get /api/v1/overview',
    'get /api/v1/failure',
    'get /api/v1/search/message',
    'get /api/v1/search/endpoint',
    'post /api/v1/auth/session',
    'post /api/v1/auth/app-portal-access/{app_id}',
    'get /api/v1/portal/settings',
    'put /api/v1/portal/settings',
    'post /api/v1/app/{app_id}/try/filter',
    'post /api/v1/app/{app_id}/try/transform',
    'post /api/v1/app/{app_id}/try/address',
    'post /api/v1/bulk',
  ]
  type Content = Record<string, { schema?: Schema; example?: unknown; examples?: object }>
  const { paths } = document
  const without = needed.flatMap((name) => {
    const [method, path] = name.split(' ') as [string, string]
    const { requestBody, responses } = paths[path]![method] as {
      requestBody?: { content: Content }
      responses: Record<string, { content?: Content }>
    }
    const answer = Object.entries(responses).find(([status]) => status.startsWith('2'))![1]
    return Object.entries({ body: requestBody?.content, answer: answer.content }).flatMap(
      ([what, content]) => {
        const one = Object.values(content ?? {})[0]
        return one === undefined || one.example || one.examples || shown(one.schema)
          ? []
          : `${name}: ${what}`
      },
    )
  })
  expect(without).toEqual([])
})

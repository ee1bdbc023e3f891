import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { schemaText } from '../../scripts/openapi.ts'

test('the client’s shapes are those of the OpenAPI document', async () => {
  const kept = readFileSync(join(import.meta.dirname, 'schema.d.ts'), 'utf8')
  const current = (await schemaText()) === kept
  expect(current, 'renew it: node packages/dashboard/scripts/openapi.ts').toBe(true)
})

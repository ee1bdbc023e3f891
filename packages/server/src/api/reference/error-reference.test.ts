import { expect, test } from 'vitest'
import { errorReference } from './error-reference.ts'

test('the reference page of errors is what the catalogue says (renew it: vitest run --project unit -u error-reference)', async () => {
  await expect(errorReference()).toMatchFileSnapshot('../../../../../docs/reference/errors.md')
})

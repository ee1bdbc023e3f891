import { expect, test } from 'vitest'
import { errorReference } from './error-reference.ts'

test('the reference page of errors is what the catalogue says', async () => {
  const renew = 'renew it: npx vitest run --project unit error-reference -u'
  const page = errorReference()
  await expect(page, renew).toMatchFileSnapshot('../../../../../docs/reference/errors.md')
})

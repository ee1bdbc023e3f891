import { expect, test } from 'vitest'
import { dialectChapters } from '../../../test/support/dialect-chapters.ts'
import { dialectReference, routesOf } from './reference.ts'

test('the reference page of dialects is what the registry says', async () => {
  const page = await dialectReference(dialectChapters())
  const renew = 'renew it: npx vitest run --project unit dialects/reference -u'
  await expect(page, renew).toMatchFileSnapshot('../../../../../docs/reference/dialects.md')
})

test('the page tells of each dialect its events, requests and variables', async () => {
  const page = await dialectReference(dialectChapters())
  for (const { dialect, settings } of dialectChapters()) {
    const chapter = page.split(`\n## ${dialect.name}\n`)[1]!.split('\n## ')[0]!
    for (const { name } of dialect.events) expect(chapter).toContain(`| \`${name}\` |`)
    for (const { variable } of Object.values(settings)) expect(chapter).toContain(variable)
    const routes = await routesOf(dialect)
    expect(routes.length > 0).toBe(dialect.routes !== undefined)
    for (const { method, path } of routes)
      expect(chapter).toContain(`| \`${method}\` | \`${path}\` |`)
  }
})

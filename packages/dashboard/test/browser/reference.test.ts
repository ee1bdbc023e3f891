// The API's reference, drawn by a library that would rather be elsewhere: it works from this Pombo alone.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { meet } from '../support/browser.ts'
import { type Stand, startStand } from '../support/stand.ts'

let stand: Stand
beforeAll(async () => {
  stand = await startStand({ POMBO_BASE_PATH: '/pombo' })
})
afterAll(async () => {
  await stand?.stop()
})

test('the reference shows each operation, below a base path, and asks nobody else for anything', async () => {
  const { url } = stand.pombo
  const { page, context, faults, refused, leave } = await meet(url)
  const asked: string[] = []
  context.on('request', (request) => asked.push(request.url()))
  const answer = await page.goto(`${url}/api/v1/docs`)
  const policy = (await answer!.allHeaders())['content-security-policy']!
  expect(policy).toContain("script-src 'self';")
  await page.getByRole('heading', { name: 'Pombo', exact: true }).waitFor()
  // What is further down is drawn when somebody goes there.
  await page.goto(`${url}/api/v1/docs#tag/template/GET/api/v1/template`)
  await page
    .getByRole('heading', { name: 'List the templates that endpoints can be made of' })
    .waitFor()

  const elsewhere = asked.filter(
    (one) => !/^(?:data|blob):/.test(one) && !one.startsWith(`${url}/`),
  )
  expect(elsewhere).toEqual([])
  expect(asked.filter((one) => one.endsWith('/openapi.json')).length).toBeGreaterThan(0)
  expect([...faults, ...refused]).toEqual([])
  // What is typed into it, a key above all, is not kept where scripts read.
  expect(await page.evaluate('JSON.stringify({ ...localStorage })')).not.toContain('uthorization')
  await leave()
})

// The dashboard and the portal below a path, as behind a proxy that serves other things at the root.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { desktop, meet, type Person, wordsOf } from '../support/browser.ts'
import { type Stand, startStand } from '../support/stand.ts'

const words = wordsOf('en')
let stand: Stand
let person: Person
let base: string

beforeAll(async () => {
  stand = await startStand({ POMBO_BASE_PATH: '/tools/pombo' })
  base = `${stand.pombo.url}/tools/pombo`
  await stand.ask('POST', '/app', { name: 'Loja', uid: 'loja' })
})
afterEach(async () => {
  expect(person.faults).toEqual([])
  await person.leave()
})
afterAll(async () => stand?.stop())

test('who is not signed in signs in and gets where they wanted, and stays there after a reload', async () => {
  person = await meet(base, { size: desktop })
  const { page } = person
  await page.goto(`${base}/apps`)
  await page.waitForURL(`${base}/signin?to=*`)
  await page.getByLabel(words('signIn.key')).fill(stand.pombo.key)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${base}/apps`)
  await page.getByRole('link', { name: 'Loja' }).waitFor()
  await page.reload()
  await page.getByRole('link', { name: 'Loja' }).click()
  await page.waitForURL((url) => url.pathname === '/tools/pombo/endpoints')
  await page.goto(`${base}/live`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  // Nothing was asked for at the root, where something else would answer.
  expect(person.refused.filter((one) => !one.startsWith('401 GET /tools/pombo/'))).toEqual([])
})

test('a portal’s link opens the portal below it', async () => {
  person = await meet(base, { size: desktop })
  const { url } = await stand.ask('POST', '/auth/app-portal-access/loja', {})
  await person.page.goto(url)
  await person.page.waitForURL((at) => at.pathname.startsWith('/tools/pombo/portal/'))
  await person.page.getByRole('heading', { level: 1 }).waitFor()
  expect(person.refused).toEqual([])
})

// What the server says of what went wrong reaches a person who reads Portuguese in Portuguese. What stays in another
// language is marked as such (`lang`), for screen readers; so nothing may be marked where all of it is Pombo's own.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../../server/test/support/receiver.ts'
import { meet, type Person, wordsOf } from '../support/browser.ts'
import { type Stand, startStand } from '../support/stand.ts'

const w = wordsOf('pt-BR')
let stand: Stand
let app: string
const endpoints: Record<string, string> = {}
let person: Person
beforeAll(async () => {
  stand = await startStand()
  const { ask, receiver, pombo } = stand
  const usual = receiver.answer
  const moved = { status: 302, headers: { location: 'https://new.example.com/hook' } }
  receiver.answer = (one, index) => (one.path === '/moved' ? moved : usual(one, index))
  app = (await ask('POST', '/app', { name: 'Loja' })).id
  const settings: Record<string, object> = {
    broken: { url: `${receiver.url}/broken`, retrySchedule: [] },
    moved: { url: `${receiver.url}/moved`, retrySchedule: [] },
    filtered: { url: `${receiver.url}/filtered`, filter: 'payload.missing.member == 1' },
    disabled: { url: `${receiver.url}/disabled`, disabled: true },
    transformed: { url: receiver.url, transform: { payload: 'payload.none' }, retrySchedule: [] },
  }
  for (const [uid, one] of Object.entries(settings))
    endpoints[uid] = (await ask('POST', `/app/${app}/endpoint`, { uid, ...one })).id
  person = await meet(pombo.url, { key: pombo.key, language: 'pt-BR' })
})
afterAll(async () => {
  await person?.leave()
  await stand?.stop()
})

async function onlyPortuguese(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle')
  expect(await page.locator('main [lang="en"]').allTextContents()).toEqual([])
}

test('why a message was given up, kept out or not sent', async () => {
  const { ask } = stand
  const { page, go } = person
  const { id } = await ask('POST', `/app/${app}/msg`, { eventType: 'a.b', payload: { n: 1 } })
  await until(async () => {
    const { data } = await ask('GET', `/app/${app}/msg/${id}/endpoint`)
    return data.length === 4 && data.every(({ reason }: { reason: string }) => reason !== null)
  })
  await go(`/messages/${app}/${id}`)
  for (const words of [
    'abandonada na tentativa 1',
    'não há a chave missing',
    'não enviada: o endpoint estava desativado',
  ])
    await page.getByText(words).first().waitFor()
  const closed = page.locator('main ol button[aria-expanded="false"]')
  while ((await closed.count()) > 0) await closed.first().click()
  await page.getByText('não há a chave none').waitFor()
  await page.getByText('respondeu 302: Location: https://new.example.com/hook').waitFor()
  await page.getByText('redirecionamentos não são seguidos').waitFor()
  await onlyPortuguese(page)
})

test('what is wrong with an address of the dashboard', async () => {
  const { page, go } = person
  await go(`/messages/${app}/msg_gone`)
  await page.getByRole('alert').getByText('Não há nada com o id "msg_gone".').waitFor()
  await onlyPortuguese(page)
})

test('what is wrong with a secret, a destination and a header', async () => {
  const { page, go } = person
  await go(`/endpoints/new?app=${app}`)
  await page.getByLabel(w('endpointForm.url'), { exact: true }).fill(stand.receiver.url)
  await page.getByLabel(w('endpointForm.secretLabel')).fill('whsec_c2hvcnQ=')
  const create = page.getByRole('button', { name: w('endpointForm.create') })
  await create.click()
  await page.getByText('este tem 5 bytes').waitFor()
  await onlyPortuguese(page)

  await page.getByLabel(w('destinations.kind'), { exact: true }).selectOption('mqtt')
  await page.getByLabel(w('destinations.url'), { exact: true }).fill('mqtt://127.0.0.1:1')
  await page.getByLabel(w('destinations.field.topic'), { exact: true }).fill('a/#')
  await create.click()
  await page.getByText('Não pode ter # nem +').waitFor()
  await onlyPortuguese(page)

  await go(`/endpoints/${app}/${endpoints['broken']}?tab=secret`)
  await page
    .getByRole('button', { name: w('common.add') })
    .first()
    .click()
  await page.getByPlaceholder(w('endpoints.secrets.headerName')).last().fill('Content-Type')
  await page
    .getByRole('button', { name: w('common.save') })
    .last()
    .click()
  await page.getByText('é definido pelo Pombo ou pelo próprio HTTP').waitFor()
  await onlyPortuguese(page)
  expect(person.faults).toEqual([])
})

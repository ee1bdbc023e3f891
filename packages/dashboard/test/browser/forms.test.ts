// What is typed stays, and what is saved is what was changed, while others change the same.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { meet, wordsOf } from '../support/browser.ts'
import { type Stand, startStand } from '../support/stand.ts'

const w = wordsOf('en')
let stand: Stand
beforeAll(async () => {
  stand = await startStand({ POMBO_RETRY_SCHEDULE: '7s,9m', POMBO_MAX_IN_FLIGHT: '33' })
  await stand.ask('POST', '/app', { name: 'Shop', uid: 'shop' })
})
afterAll(async () => {
  await stand?.stop()
})

test('what is typed stays while the endpoint changes elsewhere, and so does what was changed there', async () => {
  const { ask, pombo, receiver } = stand
  const { id } = await ask('POST', '/app/shop/endpoint', { url: receiver.url, description: 'CRM' })
  const appId = (await ask('GET', '/app/shop')).id
  const { page, go, refused, faults, leave } = await meet(pombo.url, { key: pombo.key })
  await go(`/endpoints/${appId}/${id}?tab=settings`)
  await page.getByLabel(w('endpointForm.timeout')).fill('2500')
  await ask('PATCH', `/app/shop/endpoint/${id}`, { description: 'Changed elsewhere' })
  // Said when the page hears of it, which is within its ten seconds.
  await page.getByText(w('endpointForm.changedElsewhere')).waitFor()
  expect(await page.getByLabel(w('endpointForm.timeout')).inputValue()).toBe('2500')
  await page.getByRole('button', { name: w('common.save'), exact: true }).click()
  await page.getByText(w('endpointForm.saved')).waitFor()
  await page.getByText(w('endpointForm.unsaved')).waitFor({ state: 'detached' })
  expect(await page.getByLabel(w('endpointForm.description')).inputValue()).toBe(
    'Changed elsewhere',
  )
  expect(await ask('GET', `/app/shop/endpoint/${id}`)).toMatchObject({
    timeoutMs: 2_500,
    description: 'Changed elsewhere',
  })
  // Nothing is left to be lost.
  await page.getByLabel(w('endpointForm.timeout')).fill('2600')
  await page.getByText(w('endpointForm.unsaved')).waitFor()
  expect([...refused, ...faults]).toEqual([])
  await leave()
})

test('a new endpoint’s retries are drawn as they will be; what is left empty stays the server’s', async () => {
  const { ask, pombo, receiver } = stand
  const appId = (await ask('GET', '/app/shop')).id
  const { page, go, refused, faults, leave } = await meet(pombo.url, { key: pombo.key })
  await go(`/endpoints/new?app=${appId}`)
  const line = page.getByRole('list', { name: w('endpointForm.scheduleDrawn') })
  await line.getByText('+7s').waitFor()
  await line.getByText('+9m').waitFor()
  expect(await line.getByRole('listitem').count()).toBe(4)
  await page.getByLabel(w('endpointForm.url')).fill(`${receiver.url}/drawn`)
  await page.getByRole('button', { name: w('endpointForm.create') }).click()
  await page.waitForURL(/\/endpoints\/app_/)
  const made = (await ask('GET', '/app/shop/endpoint')).data.find(({ url }: { url: string }) =>
    url.endsWith('/drawn'),
  )
  expect(made).toMatchObject({ maxInFlight: 33, retrySchedule: null })
  expect([...refused, ...faults]).toEqual([])
  await leave()
})

test('why an address is refused is said once, and no more of one that is typed in its place', async () => {
  const { ask, pombo, receiver } = stand
  const appId = (await ask('GET', '/app/shop')).id
  const { page, go, faults, leave } = await meet(pombo.url, { key: pombo.key })
  await go(`/endpoints/new?app=${appId}`)
  const address = page.getByLabel(w('endpointForm.url'))
  const why = page.getByText(w('problems.fields.address_address'))
  await address.fill('http://10.0.0.1/hook')
  await why.waitFor()
  await page.getByRole('button', { name: w('endpointForm.create') }).click()
  await page.locator('[aria-invalid="true"]').waitFor()
  expect(await why.count()).toBe(1)
  await address.fill(receiver.url)
  await page.getByText(w('endpointForm.guardOk')).waitFor()
  expect(await why.count()).toBe(0)
  expect(faults).toEqual([])
  await leave()
})

test('an event type keeps its schema’s versions when edited; its example and subscribers are shown', async () => {
  const { ask, pombo, receiver } = stand
  const schemas = {
    1: { type: 'object', title: 'the first' },
    2: { type: 'object', examples: [{ amount: 7 }] },
  }
  await ask('POST', '/event-type', { name: 'order.paid', description: 'Paid', schemas })
  const url = `${receiver.url}/subscriber`
  await ask('POST', '/app/shop/endpoint', { url, eventTypes: ['order.*'] })
  const { page, go, refused, faults, leave } = await meet(pombo.url, { key: pombo.key })
  await go('/event-types/order.paid')
  await page
    .getByRole('region', { name: w('eventTypes.example') })
    .getByText('"amount": 7')
    .waitFor()
  await page
    .getByRole('table', { name: w('eventTypes.subscribers') })
    .getByText(url)
    .waitFor()
  await page.getByRole('button', { name: w('eventTypes.edit') }).click()
  const dialog = page.getByRole('dialog', { name: w('eventTypes.edit') })
  await dialog.getByLabel(w('eventTypes.description')).fill('It was paid')
  await dialog.getByRole('button', { name: w('common.save') }).click()
  await dialog.waitFor({ state: 'detached' })
  expect(await ask('GET', '/event-type/order.paid')).toMatchObject({
    description: 'It was paid',
    schemas,
  })
  expect([...refused, ...faults]).toEqual([])
  await leave()
})

test('a form says in one’s language which field is wrong and why; a click beside it loses nothing', async () => {
  const { ask, pombo } = stand
  const pt = wordsOf('pt-BR')
  const { page, go, faults, leave } = await meet(pombo.url, { key: pombo.key, language: 'pt-BR' })
  await go('/apps')
  await page.getByRole('button', { name: pt('apps.new') }).click()
  const dialog = page.getByRole('dialog', { name: pt('apps.new') })
  const name = dialog.getByLabel(pt('apps.name'), { exact: true })
  const rate = dialog.getByLabel(pt('apps.rate'))
  await rate.fill('0')
  await dialog.getByRole('button', { name: pt('common.create') }).click()
  await dialog.getByText(pt('problems.fields.missing')).waitFor()
  await dialog.getByText(pt('problems.fields.too_low', { limit: 1 })).waitFor()
  for (const field of [name, rate]) expect(await field.getAttribute('aria-invalid')).toBe('true')
  await page.mouse.click(5, 5)
  expect(await rate.inputValue()).toBe('0')
  await rate.fill('20')
  await name.fill('Padaria')
  await dialog.getByRole('button', { name: pt('common.create') }).click()
  await dialog.waitFor({ state: 'detached' })
  expect((await ask('GET', '/app')).data.map((one: { name: string }) => one.name)).toContain(
    'Padaria',
  )
  expect(faults).toEqual([])
  await leave()
})

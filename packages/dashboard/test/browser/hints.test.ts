// Where somebody who sees Pombo for the first time would be misled: what is said there instead.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../../server/test/support/receiver.ts'
import { meet, type Person, wordsOf } from '../support/browser.ts'
import { type Stand, startStand } from '../support/stand.ts'

const w = wordsOf('pt-BR')
let stand: Stand
let person: Person
beforeAll(async () => {
  stand = await startStand()
  person = await meet(stand.pombo.url, { key: stand.pombo.key, language: 'pt-BR' })
})
afterAll(async () => {
  await person?.leave()
  await stand?.stop()
})

test('a circuit whose pause is over while every retry still waits is not said to be tried in the past', async () => {
  const { ask, receiver } = stand
  const { page, go, faults } = person
  const app = (await ask('POST', '/app', { name: 'Loja' })).id
  const { id } = await ask('POST', `/app/${app}/endpoint`, {
    url: `${receiver.url}/broken`,
    retrySchedule: [3_600],
    circuit: { failuresToOpen: 1, pauseMs: 100, maxPauseMs: 100 },
  })
  await ask('POST', `/app/${app}/msg`, { eventType: 'a.b', payload: {} })
  await until(async () => {
    const { health } = await ask('GET', `/app/${app}/endpoint/${id}`)
    return health.circuit === 'open' && Date.parse(health.nextProbeAt) < Date.now()
  })
  await go(`/endpoints/${app}/${id}`)
  const said = page.getByText('O circuito está aberto')
  await said.waitFor()
  expect(await said.textContent()).toContain('a próxima entrega que vencer o experimenta')
  expect(faults).toEqual([])
})

test('a message names its app, a list shows a type whole where there is room, and a secret what verifies', async () => {
  const { ask, receiver } = stand
  const { page, go, faults } = person
  const app = (await ask('POST', '/app', { name: 'Padaria' })).id
  const url = `${receiver.url}/broken`
  const { id } = await ask('POST', `/app/${app}/endpoint`, { url })
  const eventType = 'integration.whatsapp.business.connected'
  const message = await ask('POST', `/app/${app}/msg`, { eventType, payload: {} })
  await until(
    async () => (await ask('GET', `/app/${app}/attempt/msg/${message.id}`)).data.length > 0,
  )
  await go(`/messages/${app}/${message.id}`)
  await page.getByRole('main').getByRole('link', { name: 'Padaria' }).waitFor()
  await page.setViewportSize({ width: 1_440, height: 900 })
  for (const list of [`/endpoints/${app}/${id}`, '/messages']) {
    await go(list)
    await page.getByRole('cell', { name: eventType }).waitFor()
    const cut = await page.evaluate(
      `[...document.querySelectorAll('td')]
        .filter((td) => td.scrollWidth > td.clientWidth)
        .map((td) => td.textContent)`,
    )
    expect(cut).not.toContain(eventType)
  }
  await go(`/endpoints/${app}/${id}?tab=secret`)
  await page.getByLabel(w('endpoints.secrets.verify')).first().selectOption('PHP')
  await page.getByText('function pombo_verify').waitFor()
  expect(faults).toEqual([])
})

test('a number in the search for an id leads to where texts within messages are searched', async () => {
  const { page, go } = person
  await go('/messages?q=5511999999999')
  await page.getByText(w('messages.noneCalled')).waitFor()
  await page.getByRole('button', { name: w('messages.filters') }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(w('messages.text')).waitFor()
  await dialog.getByText(w('messages.orderingKeyHelp')).waitFor()
})

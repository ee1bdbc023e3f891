// What the operator and the developer come for, from end to end, in both languages.
import { json } from 'node:stream/consumers'
import type { Download, Locator, Page } from 'playwright-core'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../../server/test/support/receiver.ts'
import { languages } from '../../src/words/languages.ts'
import { meet, phone, wordsOf } from '../support/browser.ts'
import { type Stand, startStand } from '../support/stand.ts'

let stand: Stand
beforeAll(async () => {
  stand = await startStand()
})
afterAll(async () => {
  await stand?.stop()
})

/** Of the requests that came at `path`. */
const cameAt = (path: string) => stand.receiver.received.filter((one) => one.path === path)

describe.each(languages)('the operator, on a phone, in %s', (language) => {
  const w = wordsOf(language)

  test('sees what fails and why, sends it again once it is mended, and sees that it arrived', async () => {
    const { ask, receiver, pombo } = stand
    const path = `/broken/${language}`
    const app = await ask('POST', '/app', { name: `Shop ${language}` })
    const endpoint = await ask('POST', `/app/${app.id}/endpoint`, {
      url: receiver.url + path,
      retrySchedule: [1],
    })
    for (const number of [1, 2])
      await ask('POST', `/app/${app.id}/msg`, { eventType: 'order.paid', payload: { number } })
    await until(async () => {
      const stats = await ask('GET', `/app/${app.id}/endpoint/${endpoint.id}/stats`)
      return stats.fail === 2
    })
    const { page, go, faults, leave } = await meet(pombo.url, {
      key: pombo.key,
      language,
      size: phone,
      touch: true,
    })
    const menu = async (word: string) => {
      await page.getByRole('button', { name: w('shell.menu') }).tap()
      await page.getByRole('dialog').getByRole('link', { name: word, exact: true }).tap()
    }

    await go(`/?app=${app.id}`)
    await page.getByRole('heading', { name: w('overview.attention') }).waitFor()
    const cause = page.getByRole('listitem').filter({
      hasText: w('causes.refused', { code: '503' }),
    })
    await cause.getByText(w('overview.givenUp', { count: 2 })).waitFor()
    await cause.getByRole('link', { name: w('overview.look') }).tap()

    const groups = page.getByRole('table', { name: w('failed.title') })
    await groups.getByText(w('causes.refused', { code: '503' })).tap()
    const deliveries = page.getByRole('table', { name: w('failed.deliveries') })
    await deliveries.getByRole('row').nth(2).waitFor()
    expect(await deliveries.getByText(w('failed.stateExhausted')).count()).toBe(2)

    stand.mended.add(path)
    const before = cameAt(path).length
    await page.getByRole('button', { name: w('failed.retryAll') }).tap()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(w('failed.bulk.count', { count: 2 })).waitFor()
    await dialog.getByText('order.paid').first().waitFor()
    await dialog.getByRole('button', { name: w('failed.bulk.goretry', { count: 2 }) }).tap()
    const done = w('tasks.summary', { done: 2, skipped: '0' })
    await page.getByText(done).waitFor()
    await page.reload()
    await page.getByText(done).waitFor()

    await until(() => cameAt(path).length === before + 2)
    const ids = cameAt(path).map(({ headers }) => headers['webhook-id'])
    expect(new Set(ids).size).toBe(2)

    await menu(w('shell.messages'))
    await page.getByRole('link', { name: 'order.paid' }).first().tap()
    await page.getByText(w('messages.outcome.delivered')).first().waitFor()
    await page
      .getByText(w('messages.outcome.refused', { code: '503' }))
      .first()
      .waitFor()
    expect(faults).toEqual([])
    await leave()
  })
})

describe.each(languages)('the operator, at a desk, in %s', (language) => {
  const w = wordsOf(language)

  test('has somebody told of what happens in Pombo: edited, verified by a secret, switched off and on', async () => {
    const { ask, receiver, pombo } = stand
    const path = `/told/${language}`
    const { page, go, faults, leave } = await meet(pombo.url, { key: pombo.key, language })
    await go('/operational')
    await page
      .getByRole('button', { name: w('operational.new') })
      .first()
      .click()
    const dialog = (name: string) => page.getByRole('dialog', { name, exact: true })
    const adding = dialog(w('operational.new'))
    const types = adding.getByLabel(w('operational.types'))
    await adding.getByLabel(w('operational.url')).fill(`${receiver.url}/typo`)
    await types.fill('app.created')
    await adding.getByRole('button', { name: w('common.add') }).click()
    await adding.getByRole('alert').getByText('app.created').waitFor()
    expect(await types.getAttribute('aria-invalid')).toBe('true')
    await types.fill('endpoint.created')
    await adding.getByRole('button', { name: w('common.add') }).click()
    await adding.waitFor({ state: 'detached' })

    const pick = async (at: string, what: string) => {
      const name = `${w('common.actions')}: ${receiver.url}${at}`
      await page.getByRole('button', { name }).click()
      await page.getByRole('menuitem', { name: what }).click()
    }
    await pick('/typo', w('operational.edit'))
    const editing = dialog(w('operational.edit'))
    await editing.getByLabel(w('operational.url')).fill(receiver.url + path)
    await editing.getByLabel(w('operational.description')).fill(`On call, ${language}`)
    await editing.getByRole('button', { name: w('common.save') }).click()
    await page.getByText(`On call, ${language}`).waitFor()

    // The secret is asked for when it is to be seen, and what is sent is signed by it; a new one replaces it.
    const row = page.getByRole('row').filter({ hasText: path })
    await pick(path, w('operational.secret'))
    const showing = dialog(w('operational.secret'))
    expect(await page.getByText(/^whsec_/).count()).toBe(0)
    await showing.getByRole('button', { name: w('endpoints.secrets.show'), exact: true }).click()
    const first = (await page.getByText(/^whsec_/).textContent())!
    await showing.getByRole('button', { name: w('endpoints.secrets.rotate') }).click()
    const rotating = dialog(w('endpoints.secrets.rotate'))
    await rotating.getByLabel(w('endpoints.secrets.grace')).selectOption('0')
    await rotating.getByRole('button', { name: w('endpoints.secrets.rotate') }).click()
    await rotating.waitFor({ state: 'detached' })
    const second = await until(async () => {
      const text = await page.getByText(/^whsec_/).textContent()
      return text === first ? undefined : text!
    })
    await page.keyboard.press('Escape')
    await showing.waitFor({ state: 'detached' })

    const app = await ask('POST', '/app', { name: `Told ${language}` })
    const make = async () =>
      await ask('POST', `/app/${app.id}/endpoint`, { url: `${receiver.url}/new` })
    const made = await make()
    const told = await until(() =>
      cameAt(path).find(({ body }) => JSON.parse(body).data.endpointId === made.id),
    )
    const headers = told.headers as Record<string, string>
    expect(new Webhook(second).verify(told.body, headers)).toMatchObject({
      type: 'endpoint.created',
    })
    expect(() => new Webhook(first).verify(told.body, headers)).toThrow()

    await pick(path, w('operational.disable'))
    await row.getByText(w('operational.disabled'), { exact: true }).waitFor()
    const { data } = await ask('GET', '/operational-webhook/endpoint')
    expect(data.map(({ disabled }: { disabled: boolean }) => disabled)).toEqual([true])
    await pick(path, w('operational.enable'))
    await row.getByText(w('operational.active'), { exact: true }).waitFor()
    const after = await make()
    await until(() =>
      cameAt(path).find(({ body }) => JSON.parse(body).data.endpointId === after.id),
    )

    await pick(path, w('operational.remove'))
    const removing = dialog(w('operational.remove'))
    await removing.getByRole('button', { name: w('operational.remove') }).click()
    // First: what lies behind a dialog has no roles, as if it were gone.
    await removing.waitFor({ state: 'detached' })
    await row.waitFor({ state: 'detached' })
    expect((await ask('GET', '/operational-webhook/endpoint')).data).toEqual([])
    expect(faults).toEqual([])
    await leave()
  })

  test('finds a person, hands their data over, erases it, and keeps the report', async () => {
    const { ask, pombo } = stand
    const person = `ana.${language.slice(0, 2)}@example.com`
    const app = await ask('POST', '/app', { name: `People ${language}` })
    const type = `person.of.${language}`
    for (const email of [person, 'somebody.else@example.com'])
      await ask('POST', `/app/${app.id}/msg`, { eventType: type, payload: { email, n: 1 } })
    const { page, go, faults, leave } = await meet(pombo.url, { key: pombo.key, language })
    await go('/privacy')
    const find = page.getByRole('button', { name: w('privacy.find') })
    await find.click()
    await page.getByText(w('privacy.needOne')).waitFor()
    await page.getByLabel(w('privacy.email')).fill('an')
    await find.click()
    await page.getByRole('alert').first().waitFor()
    expect(await page.getByLabel(w('privacy.email')).getAttribute('aria-invalid')).toBe('true')
    await page.getByLabel(w('privacy.email')).fill(person)
    await find.click()
    await page.getByText(w('privacy.found', { count: 1 })).waitFor()
    await page.getByRole('table').getByRole('link', { name: type }).waitFor()

    const exporting = page.waitForEvent('download')
    await page.getByRole('button', { name: w('privacy.export') }).click()
    const exported = await contentOf(await exporting)
    expect(exported.messages.map(({ payload }: { payload: object }) => payload)).toEqual([
      { email: person, n: 1 },
    ])

    await page.getByRole('button', { name: w('privacy.erase'), exact: true }).click()
    const dialog = page.getByRole('dialog', { name: w('privacy.erase'), exact: true })
    const erase = dialog.getByRole('button', { name: w('privacy.erase') })
    expect(await erase.isDisabled()).toBe(true)
    await dialog.getByRole('textbox').fill(w('privacy.eraseWord'))
    await erase.click()
    const heading = page.getByRole('heading', { name: w('privacy.report') })
    const report = page.locator('section').filter({ has: heading })
    const said = report.getByText(w('privacy.erased.messages'), { exact: true })
    expect(await said.locator('xpath=following-sibling::dd[1]').textContent()).toBe('1')
    const keeping = page.waitForEvent('download')
    await page.getByRole('button', { name: w('privacy.downloadReport') }).click()
    const kept = await contentOf(await keeping)
    expect(kept.erased.messages).toBe(1)
    expect(JSON.stringify(kept)).not.toContain(person)
    const auditId = await report.getByText(kept.auditId).textContent()

    await find.click()
    await page.getByText(w('privacy.found', { count: 0 })).waitFor()
    const { data } = await ask('GET', `/app/${app.id}/msg`)
    expect(data.map(({ payload }: { payload: unknown }) => payload)).toContainEqual({
      email: 'somebody.else@example.com',
      n: 1,
    })
    await go('/audit')
    await page.getByText(w('audit.kinds.person')).first().waitFor()
    expect((await ask('GET', '/audit')).data.map(({ id }: { id: string }) => id)).toContain(auditId)
    expect(faults).toEqual([])
    await leave()
  })
})

// oxlint-disable-next-line typescript/no-explicit-any -- an export, or a report
async function contentOf(file: Download): Promise<any> {
  return await json(await file.createReadStream())
}

describe.each(languages)('the developer, in %s', (language) => {
  const w = wordsOf(language)

  test('sends a test event, sees request, signature and answer, changes filter and form, and sends again', async () => {
    const { ask, receiver, pombo } = stand
    const path = `/developer/${language}`
    const type = `order.of.${language}`
    const app = await ask('POST', '/app', { name: `Integration ${language}` })
    const endpoint = await ask('POST', `/app/${app.id}/endpoint`, { url: receiver.url + path })
    await ask('POST', '/event-type', {
      name: type,
      description: '',
      schemas: { 1: { type: 'object', examples: [{ amount: 7, currency: 'BRL' }] } },
    })
    const { page, go, faults, leave } = await meet(pombo.url, { key: pombo.key, language })
    const at = `/endpoints/${app.id}/${endpoint.id}`

    // A test event: what was sent, how it is signed, what came back.
    await go(at)
    await page.getByRole('button', { name: w('endpoints.detail.sendExample') }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(w('endpoints.detail.exampleType')).fill(type)
    await dialog.getByRole('button', { name: w('endpoints.detail.sendExample') }).click()
    await page.waitForURL(/\/messages\/app_/)
    const messageId = new URL(page.url()).pathname.split('/').at(-1)!
    await until(() => cameAt(path).length === 1)
    const attempt = page.getByRole('button', { name: w('messages.outcome.delivered') })
    await attempt.click()
    const shown = page.locator(`#${(await attempt.getAttribute('aria-controls'))!}`)
    await shown.getByText('webhook-signature').first().waitFor()
    const sent = cameAt(path)[0]!
    const text = await shown.innerText()
    expect(text).toContain(String(sent.headers['webhook-signature']))
    expect(text).toContain('"ok": true')

    // The secret that verifies it, shown on demand.
    await go(`${at}?tab=secret`)
    await page.getByRole('button', { name: w('endpoints.secrets.show'), exact: true }).click()
    const secret = (await page.getByText(/^whsec_/).textContent())!
    const headers = sent.headers as Record<string, string>
    expect(new Webhook(secret).verify(sent.body, headers)).toEqual({ amount: 7, currency: 'BRL' })

    // A transformation, tried on that message before it is saved.
    await page.getByRole('tab', { name: w('endpoints.detail.settings') }).click()
    await page
      .getByRole('textbox', { name: w('endpointForm.transformPayload') })
      .fill('{"total": payload.amount, "by": "pombo"}')
    await page
      .getByRole('region', { name: w('endpointForm.after') })
      .getByText('"total": 7')
      .waitFor()
    expect(
      (await ask('GET', `/app/${app.id}/endpoint/${endpoint.id}`)).transform ?? null,
    ).toBeNull()
    await page.getByRole('textbox', { name: w('endpointForm.filter') }).fill('payload.amount > 5')
    await page.getByRole('button', { name: w('common.save'), exact: true }).click()
    await page.getByText(w('endpointForm.saved')).waitFor()

    // Sent again as it is made now, under the same id.
    await go(`/messages/${app.id}/${messageId}`)
    await page.getByRole('button', { name: w('messages.detail.resendAll') }).click()
    await until(() => cameAt(path).length === 2)
    const again = cameAt(path)[1]!
    expect(JSON.parse(again.body)).toEqual({ total: 7, by: 'pombo' })
    expect(again.headers['webhook-id']).toBe(messageId)

    // What the filter leaves out is said, and why.
    const left = await ask('POST', `/app/${app.id}/msg`, {
      eventType: type,
      payload: { amount: 1 },
    })
    await go(`/messages/${app.id}/${left.id}`)
    await page.getByText(w('messages.detail.nobody')).waitFor()
    expect(cameAt(path)).toHaveLength(2)
    expect(faults).toEqual([])
    await leave()
  })
})

test('with the keyboard alone one signs in, gets past the navigation, and makes and finds what one wants', async () => {
  const { pombo } = stand
  const w = wordsOf('en')
  const { page, go, faults, leave } = await meet(pombo.url)
  const focused = async (on: Locator) => (await on.and(page.locator(':focus')).count()) > 0
  const tabTo = async (on: Locator) => {
    await on.waitFor()
    for (let pressed = 0; pressed < 60; pressed++) {
      if (await focused(on)) return
      await page.keyboard.press('Tab')
    }
    throw new Error(`the keyboard does not reach ${String(on)}`)
  }
  await go('/signin?to=/apps')
  await tabTo(page.getByLabel(w('signIn.key')))
  await page.keyboard.type(pombo.key)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: w('apps.title') }).waitFor()
  await page.reload()
  await page.getByRole('heading', { name: w('apps.title') }).waitFor()
  await page.keyboard.press('Tab')
  expect(await focused(page.getByRole('link', { name: w('shell.skip') }))).toBe(true)
  await page.keyboard.press('Enter')
  const make = page.getByRole('button', { name: w('apps.new') }).first()
  await page.keyboard.press('Tab')
  expect(await focused(make)).toBe(true)
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: w('apps.new') })
  await tabTo(dialog.getByLabel(w('apps.name'), { exact: true }))
  await page.keyboard.type('By keyboard')
  await page.keyboard.press('Enter')
  await dialog.waitFor({ state: 'detached' })
  // Who opened it is where they were.
  await until(async () => await focused(make))

  // Up the navigation and elsewhere: who hears the page is taken to it.
  const messages = page
    .getByRole('navigation')
    .getByRole('link', { name: w('shell.messages'), exact: true })
  for (let pressed = 0; pressed < 60 && !(await focused(messages)); pressed++)
    await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: w('messages.title'), level: 1 }).waitFor()
  expect(await focused(page.locator('main'))).toBe(true)
  expect(faults).toEqual([])
  await leave()
})

test('what a page shows is in its address: handed on, loaded anew, and back and forward', async () => {
  const { ask, pombo } = stand
  const w = wordsOf('en')
  const app = await ask('POST', '/app', { name: 'Shared' })
  for (const type of ['kept.in', 'left.out'])
    await ask('POST', `/app/${app.id}/msg`, { eventType: type, payload: {} })
  const { page, context, go, faults, leave } = await meet(pombo.url, { key: pombo.key })
  await go(`/messages?app=${app.id}`)
  const shown = (at: Page) => at.getByRole('table').getByRole('link').allInnerTexts()
  const both = ['left.out', 'kept.in']
  await until(async () => (await shown(page)).join() === both.join())
  const state = page.getByLabel(w('messages.state'), { exact: true })
  await state.selectOption('delivered')
  await until(async () => new URL(page.url()).searchParams.get('state') === 'delivered')
  await state.selectOption('unmatched')
  await until(async () => new URL(page.url()).searchParams.get('state') === 'unmatched')
  await until(async () => (await shown(page)).length === 2)
  const other = await context.newPage()
  await other.goto(page.url())
  await until(async () => (await shown(other)).length === 2)
  expect(await other.getByLabel(w('messages.state'), { exact: true }).inputValue()).toBe(
    'unmatched',
  )
  await page.goBack()
  await until(async () => (await state.inputValue()) === 'delivered')
  await page.getByText(w('messages.noneFound')).waitFor()
  await page.reload()
  await until(async () => (await state.inputValue()) === 'delivered')
  await page.goForward()
  await until(async () => (await state.inputValue()) === 'unmatched')
  await until(async () => (await shown(page)).length === 2)
  expect(faults).toEqual([])
  await leave()
})

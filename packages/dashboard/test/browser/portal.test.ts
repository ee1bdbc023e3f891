// The customer: the same dashboard for one app, inside the operator's product, where the operator lists it and nowhere
// else.
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../../server/test/support/receiver.ts'
import { languages } from '../../src/words/languages.ts'
import { meet, wordsOf } from '../support/browser.ts'
import { type Host, startHost } from '../support/host.ts'
import { type Stand, startStand } from '../support/stand.ts'

const pt = wordsOf('pt-BR')
let stand: Stand
let host: Host
let mine: string
/** How often a link was asked for. */
let links = 0
let theirs: { app: string; message: string }

beforeAll(async () => {
  stand = await startStand()
  const { ask, pombo, receiver } = stand
  host = await startHost(pombo.url)
  host.link = async () => {
    links += 1
    return (await ask('POST', '/auth/app-portal-access/mine', { role: 'administer' })).url
  }
  await ask('PUT', '/portal/settings', {
    name: 'Acme',
    allowedOrigins: [host.origin],
    pages: ['messages', 'failed', 'endpoints'],
  })
  for (const uid of ['mine', 'theirs']) {
    await ask('POST', '/app', { name: uid, uid })
    await ask('POST', `/app/${uid}/endpoint`, {
      url: `${receiver.url}/broken/${uid}`,
      retrySchedule: [1],
    })
    await ask('POST', `/app/${uid}/msg`, { eventType: `of.${uid}`, payload: {} })
  }
  mine = (await ask('GET', '/app/mine/endpoint')).data[0].id
  const { data } = await ask('GET', '/app/theirs/msg')
  theirs = { app: (await ask('GET', '/app/theirs')).id, message: data[0].id }
})
afterAll(async () => {
  await host?.close()
  await stand?.stop()
})

test('the React component shows the customer their own app, as the product looks, and mends what failed', async () => {
  const { ask, pombo } = stand
  const { page, faults, leave } = await meet(pombo.url)
  await page.goto(`${host.origin}/react`)
  const frame = page.frameLocator('iframe[title="Webhooks of the shop"]')
  await frame.getByRole('heading', { name: pt('messages.title'), level: 1 }).waitFor()
  await frame.getByText('of.mine').first().waitFor()
  expect(await frame.getByText('of.theirs').count()).toBe(0)
  expect(await frame.getByRole('navigation').getByRole('link').allInnerTexts()).toEqual([
    pt('shell.messages'),
    pt('shell.failed'),
    pt('shell.endpoints'),
    pt('shell.templates'),
  ])
  const theme = () => frame.locator('html').getAttribute('data-theme')
  expect(await theme()).toBe('dark')
  await page.getByRole('button', { name: 'lights on' }).click()
  await until(async () => (await theme()) === 'light')

  await until(async () => (await ask('GET', `/app/mine/endpoint/${mine}/stats`)).fail === 1)
  stand.mended.add('/broken/mine')
  await frame.getByRole('link', { name: pt('shell.failed') }).click()
  await frame
    .getByText(pt('causes.refused', { code: '503' }))
    .first()
    .click()
  await frame.getByRole('button', { name: pt('failed.retryAll') }).click()
  const dialog = frame.getByRole('dialog')
  await dialog.getByRole('button', { name: pt('failed.bulk.goretry', { count: 1 }) }).click()
  await frame.getByText(pt('tasks.summary', { done: 1, skipped: '0' })).waitFor()
  expect(faults).toEqual([])
  await leave()
})

test('a link that is over is renewed in place: what is typed stays', async () => {
  const { ask, pombo } = stand
  const { page, faults, leave } = await meet(pombo.url)
  await page.goto(`${host.origin}/react`)
  const frame = page.frameLocator('iframe')
  await frame.getByRole('link', { name: pt('shell.endpoints') }).click()
  await frame.getByRole('link', { name: pt('endpoints.new') }).click()
  await frame
    .getByLabel(pt('endpointForm.url'), { exact: true })
    .fill(`${stand.receiver.url}/renewed`)
  const before = links
  // With the request on its way, so that nothing else that the page asks for finds it out first.
  await page.route(
    /\/app\/[^/]+\/endpoint$/,
    async (route) => {
      await ask('POST', '/auth/app/mine/expire-all', { expiry: 0 })
      await route.continue()
    },
    { times: 1 },
  )
  const create = frame.getByRole('button', { name: pt('endpointForm.create') })
  await create.click()
  await until(() => links > before)
  await frame.getByRole('dialog', { name: pt('signIn.title') }).waitFor({ state: 'detached' })
  expect(await frame.getByLabel(pt('endpointForm.url'), { exact: true }).inputValue()).toContain(
    '/renewed',
  )
  await create.click()
  await frame.getByText(pt('endpointForm.created')).waitFor()
  expect(faults).toEqual([])
  await leave()
})

test('a plain script tag does the same, and the token is nowhere but in the first address', async () => {
  const { pombo } = stand
  const { page, context, faults, leave } = await meet(pombo.url, { language: 'pt-BR' })
  const asked: string[] = []
  context.on('request', (request) =>
    // What comes after the # is never sent.
    asked.push(`${request.url().split('#')[0]} ${request.headers()['referer'] ?? ''}`),
  )
  await page.goto(`${host.origin}/script`)
  const frame = page.frameLocator('pombo-portal iframe')
  await frame.getByText('of.mine').first().waitFor()
  expect((await page.locator('pombo-portal').boundingBox())?.height).toBe(700)
  const inside = page.frames()[1]!
  expect(inside.url()).toBe(`${pombo.url}/portal/messages`)
  expect(asked.filter((one) => /token|sk_/.test(one))).toEqual([])
  expect(await inside.evaluate('document.cookie')).toBe('')
  expect(faults).toEqual([])
  await leave()
})

test('an origin that is not listed shows nothing of it', async () => {
  const { page, context, leave } = await meet(stand.pombo.url)
  const refused: string[] = []
  context.on('console', (message) => refused.push(message.text()))
  await page.goto(`${host.unlisted}/react`)
  await until(() => refused.some((text) => text.includes('frame-ancestors')))
  expect(await page.frameLocator('iframe').getByText('of.mine').count()).toBe(0)
  await leave()
})

test('by no address does the customer come to what is another’s, or to what is the operator’s', async () => {
  const { pombo, ask } = stand
  const { page, context, leave } = await meet(pombo.url)
  await page.goto((await ask('POST', '/auth/app-portal-access/mine')).url)
  await page.getByText('of.mine').first().waitFor()
  await page.goto(`${pombo.url}/portal/messages/${theirs.app}/${theirs.message}`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.getByText(wordsOf('en')('problems.notFound')).first().waitFor()
  expect(await page.getByText('of.theirs').count()).toBe(0)
  for (const path of [
    `app/${theirs.app}`,
    `app/${theirs.app}/msg`,
    'app',
    'key',
    'audit',
    'system',
  ]) {
    const answer = await context.request.get(`${pombo.url}/api/v1/${path}`)
    expect([403, 404], path).toContain(answer.status())
  }
  await leave()
})

describe.each(languages)('the customer, in the operator’s product, in %s', (language) => {
  const w = wordsOf(language)

  test('makes an endpoint, sees what fails and why, mends it, and gets what was missed', async () => {
    const { ask, pombo, receiver } = stand
    const uid = `customer-${language.slice(0, 2)}`
    const path = `/broken/${uid}`
    await ask('PUT', '/portal/settings', {
      name: 'Acme',
      allowedOrigins: [host.origin],
      pages: ['live', 'messages', 'failed', 'endpoints', 'eventTypes'],
    })
    const app = await ask('POST', '/app', { name: uid, uid })
    const schemas = { 1: { type: 'object', examples: [{ amount: 7 }] } }
    const type = `order.of.${uid}`
    await ask('POST', '/event-type', { name: type, description: '', schemas })
    const flagged = { name: `soon.of.${uid}`, description: '', featureFlag: 'soon' }
    await ask('POST', '/event-type', flagged)
    host.link = async () =>
      (await ask('POST', `/auth/app-portal-access/${uid}`, { role: 'administer' })).url
    const { page, faults, leave } = await meet(pombo.url, { language })
    await page.goto(`${host.origin}/script`)
    const frame = page.frameLocator('pombo-portal iframe')
    const open = async (word: string) =>
      await frame.getByRole('navigation').getByRole('link', { name: word, exact: true }).click()
    const at = () => page.frames()[1]!.url()
    // What was sent comes first, though watching stands above it.
    await frame.getByRole('heading', { name: w('messages.title') }).waitFor()
    await open(w('shell.live'))
    await frame.locator('h1 span', { hasText: w('live.connected') }).waitFor()

    // The catalogue, without what this customer is not to see yet.
    await open(w('shell.eventTypes'))
    await frame.getByRole('link', { name: type }).waitFor()
    expect(await frame.getByText(flagged.name).count()).toBe(0)

    await open(w('shell.endpoints'))
    await frame
      .getByRole('link', { name: w('endpoints.new') })
      .first()
      .click()
    await frame.getByLabel(w('endpointForm.url'), { exact: true }).fill(receiver.url + path)
    await frame.getByLabel(w('endpointForm.scheduleOwn')).check()
    await frame.getByLabel(w('endpointForm.schedule'), { exact: true }).fill('1')
    await frame.getByRole('button', { name: w('endpointForm.create') }).click()
    await until(() => /\/endpoints\/app_\w+\/ep_/.test(at()))
    await frame.getByRole('tab', { name: w('endpoints.detail.secret') }).click()
    await frame.getByRole('button', { name: w('endpoints.secrets.show'), exact: true }).click()
    const secret = (await frame.getByText(/^whsec_/).textContent())!

    // A test event of theirs, which fails, and why.
    await frame.getByRole('button', { name: w('endpoints.detail.sendExample') }).click()
    const dialog = frame.getByRole('dialog', { name: w('endpoints.detail.sendExample') })
    await dialog.getByLabel(w('endpoints.detail.exampleType')).fill(type)
    await dialog.getByRole('button', { name: w('endpoints.detail.sendExample') }).click()
    await frame
      .getByRole('button', { name: w('messages.outcome.refused', { code: '503' }) })
      .nth(1)
      .click()
    await frame.getByText('<h1>Down for maintenance</h1>').waitFor()
    await ask('POST', `/app/${app.id}/msg`, { eventType: type, payload: { amount: 8 } })
    const [{ id }] = (await ask('GET', `/app/${uid}/endpoint`)).data
    await until(async () => (await ask('GET', `/app/${uid}/endpoint/${id}/stats`)).fail === 2)

    stand.mended.add(path)
    const before = receiver.received.filter((one) => one.path === path).length
    await open(w('shell.failed'))
    // The endpoint's page says the same words of its attempts, and stands until this one is there.
    await frame.getByRole('heading', { name: w('failed.title'), level: 1 }).waitFor()
    await frame
      .getByText(w('causes.refused', { code: '503' }))
      .first()
      .click()
    await frame.getByRole('button', { name: w('failed.retryAll') }).click()
    await frame
      .getByRole('dialog')
      .getByRole('button', { name: w('failed.bulk.goretry', { count: 2 }) })
      .click()
    await frame.getByText(w('tasks.summary', { done: 2, skipped: '0' })).waitFor()
    const came = await until(() => {
      const all = receiver.received.filter((one) => one.path === path).slice(before)
      return all.length === 2 ? all : undefined
    })
    for (const { body, headers } of came)
      expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toEqual(
        JSON.parse(body),
      )

    await open(w('shell.messages'))
    await frame.getByRole('link', { name: type }).first().waitFor()
    expect(at()).toContain('/portal/messages')
    expect(faults).toEqual([])
    await leave()
  })
})

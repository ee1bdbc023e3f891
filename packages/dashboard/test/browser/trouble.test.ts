// What goes wrong around a page: a key that is revoked, a Pombo that is away, events on another node, and too many.
import type { CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPombo, type TestPombo } from '../../../server/test/support/pombo-app.ts'
import { until } from '../../../server/test/support/receiver.ts'
import { desktop, meet, phone, wordsOf } from '../support/browser.ts'
import { type Stand, startStand } from '../support/stand.ts'

const w = wordsOf('en')
let stand: Stand
let app: string
beforeAll(async () => {
  stand = await startStand()
  app = (await stand.ask('POST', '/app', { name: 'Shop', uid: 'shop' })).id
  await stand.ask('POST', '/app/shop/endpoint', { url: `${stand.receiver.url}/well` })
})
afterAll(async () => {
  await stand?.stop()
})

/** A form with something in it that is not saved. */
async function typeAnEndpoint(page: Page): Promise<void> {
  await page.getByLabel(w('endpointForm.url')).fill('https://typed.example/hook')
  await page.getByLabel(w('endpointForm.description')).fill('typed and not saved')
}

async function stillTyped(page: Page): Promise<void> {
  expect(await page.getByLabel(w('endpointForm.url')).inputValue()).toBe(
    'https://typed.example/hook',
  )
  expect(await page.getByLabel(w('endpointForm.description')).inputValue()).toBe(
    'typed and not saved',
  )
}

test('a revoked key ends the session; what was typed is there after signing in again', async () => {
  const { id, key } = await stand.ask('POST', '/key', { name: 'short' })
  const { page, go, context, faults, leave } = await meet(stand.pombo.url, { key })
  await go(`/endpoints/new?app=${app}`)
  await typeAnEndpoint(page)
  const stored = await page.evaluate(
    'JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }])',
  )
  expect(stored).not.toContain(key)
  expect((await context.cookies()).map(({ httpOnly }) => httpOnly)).toEqual([true])
  await stand.ask('DELETE', `/key/${id}`)
  const dialog = page.getByRole('dialog', { name: w('signIn.title') })
  // The page may have asked for something by itself before, and been refused: then the dialog lies over the button.
  const create = page.getByRole('button', { name: w('endpointForm.create') })
  if (!(await dialog.isVisible())) await create.click({ timeout: 5_000 }).catch(() => {})
  await dialog.waitFor()
  await dialog.getByLabel(w('signIn.key')).fill(key)
  await dialog.getByRole('button', { name: w('signIn.submit') }).click()
  await dialog.getByText(w('signIn.wrong')).waitFor()
  await dialog.getByLabel(w('signIn.key')).fill(stand.pombo.key)
  await dialog.getByRole('button', { name: w('signIn.submit') }).click()
  await dialog.waitFor({ state: 'detached' })
  await stillTyped(page)
  expect(page.url()).not.toContain(stand.pombo.key)
  expect(faults).toEqual([])
  await leave()
})

test('what is followed live ends with the key, says so, and goes on after signing in again', async () => {
  const { id, key } = await stand.ask('POST', '/key', { name: 'watching', role: 'read' })
  const { page, go, faults, leave } = await meet(stand.pombo.url, { key })
  await go(`/live?app=${app}`)
  const live = page.locator('h1 span', { hasText: w('live.connected') })
  await live.waitFor()
  await stand.ask('DELETE', `/key/${id}`)
  const dialog = page.getByRole('dialog', { name: w('signIn.title') })
  await dialog.waitFor()
  await dialog.getByLabel(w('signIn.key')).fill(stand.pombo.key)
  await dialog.getByRole('button', { name: w('signIn.submit') }).click()
  await live.waitFor()
  await until(async () => {
    await stand.ask('POST', '/app/shop/msg', { eventType: 'after.signing.in', payload: {} })
    return (await page.getByText('after.signing.in').count()) > 0
  })
  expect(faults).toEqual([])
  await leave()
})

test('what is followed live is narrowed to an endpoint, which its rows name, on a phone too', async () => {
  const { ask, receiver, pombo } = stand
  await ask('POST', '/app', { name: 'Two', uid: 'two' })
  const urls = ['one', 'other'].map((name) => `${receiver.url}/two/${name}`)
  for (const url of urls) await ask('POST', '/app/two/endpoint', { url })
  const of = (await ask('GET', '/app/two')).id
  const { page, go, faults, leave } = await meet(pombo.url, { key: pombo.key, size: phone })
  await go(`/live?app=${of}`)
  await page.locator('h1 span', { hasText: w('live.connected') }).waitFor()
  await page.getByLabel(w('live.endpoint')).selectOption({ label: urls[0]! })
  await until(async () => {
    await ask('POST', '/app/two/msg', { eventType: 'to.both', payload: {} })
    return (await page.getByRole('listitem').getByText('to.both').count()) > 0
  })
  const rows = page.getByRole('listitem').filter({ hasText: 'to.both' })
  await rows
    .getByText(w('live.attempt', { number: '1' }))
    .first()
    .waitFor()
  // All of each row is to be read.
  expect(
    await page.evaluate(
      `[...document.querySelectorAll('main li span')].filter((one) => one.scrollWidth > one.clientWidth + 1)
        .map((one) => one.textContent)`,
    ),
  ).toEqual([])
  await page.setViewportSize(desktop)
  await rows.getByText(urls[0]!).first().waitFor()
  expect(await page.getByRole('listitem').getByText(urls[1]!).count()).toBe(0)
  expect(faults).toEqual([])
  await leave()
})

test('without a session every page asks to sign in, and leads on to where one wanted to go', async () => {
  const { page, go, leave } = await meet(stand.pombo.url)
  await go(`/messages?app=${app}&span=24h`)
  await page.getByLabel(w('signIn.key')).fill(stand.pombo.key)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: w('messages.title'), level: 1 }).waitFor()
  expect(new URL(page.url()).search).toBe(`?app=${app}&span=24h`)
  await leave()
})

test('a Pombo that is away is said; its return is seen, and what was typed stays', async () => {
  let other: TestPombo = await startPombo({}, stand.pombo.database)
  const at = new URL(other.url).host
  const { page, context, leave } = await meet(other.url, { key: other.key })
  await page.goto(`/endpoints/new?app=${app}`)
  await typeAnEndpoint(page)
  const watching = await context.newPage()
  await watching.goto(`/overview?app=${app}`)
  await watching.getByText(w('overview.allWell')).waitFor()
  const live = await context.newPage()
  await live.goto(`/live?app=${app}`)
  await live.locator('h1 span', { hasText: w('live.connected') }).waitFor()
  await other.stop()
  const lost = w('shell.lost', { time: '' }).split('.')[0]!.trim()
  await watching.getByText(lost).waitFor()
  await watching.getByText(w('overview.allWell')).waitFor()
  await live.getByText(w('live.broken')).waitFor()
  await page.getByRole('button', { name: w('endpointForm.create') }).click()
  await page.getByText(w('problems.network')).first().waitFor()
  await stillTyped(page)
  other = await startPombo({ POMBO_LISTEN: at }, stand.pombo.database)
  await watching.getByText(lost).waitFor({ state: 'detached' })
  await live.locator('h1 span', { hasText: w('live.connected') }).waitFor()
  await until(async () => {
    await stand.ask('POST', '/app/shop/msg', { eventType: 'after.return', payload: {} })
    return (await live.getByText('after.return').count()) > 0
  })
  await page.getByRole('button', { name: w('endpointForm.create') }).click()
  await page.waitForURL(/\/endpoints\/app_/)
  await leave()
  await other.stop()
})

test('what could not be asked for again is said to be of a while ago, and stays until it can', async () => {
  const { page, go, faults, leave } = await meet(stand.pombo.url, { key: stand.pombo.key })
  await go(`/overview?app=${app}`)
  await page.getByText(w('overview.allWell')).waitFor()
  await page.route('**/api/v1/overview*', async (route) => {
    await route.fulfill({ status: 503, json: { code: 'database_away', detail: '' } })
  })
  const stale = page.getByRole('status').filter({ hasText: w('problems.databaseAway') })
  await stale.waitFor()
  await page.getByText(w('overview.allWell')).waitFor()
  await page.unrouteAll()
  await stale.waitFor({ state: 'detached' })
  expect(faults).toEqual([])
  await leave()
})

test('what one node does is seen by who watches another', async () => {
  const other = await startPombo({}, stand.pombo.database)
  const { page, go, faults, leave } = await meet(stand.pombo.url, { key: stand.pombo.key })
  await go(`/live?app=${app}`)
  await page.locator('h1 span', { hasText: w('live.connected') }).waitFor()
  // The other node learns within a second that somebody watches here.
  await until(async () => {
    await other.call('POST', '/api/v1/app/shop/msg', {
      headers: { authorization: `Bearer ${other.key}` },
      body: { eventType: 'made.elsewhere', payload: {} },
    })
    return (await page.getByText('made.elsewhere').count()) > 0
  })
  const rows = page.getByRole('listitem').filter({ hasText: 'made.elsewhere' })
  await rows
    .filter({ hasText: w('live.delivered') })
    .first()
    .waitFor()
  await rows
    .filter({ hasText: w('live.accepted') })
    .first()
    .waitFor()
  expect(faults).toEqual([])
  await leave()
  await other.stop()
})

test('500 events a second are followed without holding up the page, and none is missing', async () => {
  const { page, go, context, faults, leave } = await meet(stand.pombo.url, { key: stand.pombo.key })
  await stand.ask('POST', '/app', { name: 'Flood', uid: 'flood' })
  await go(`/live?app=${(await stand.ask('GET', '/app/flood')).id}`)
  await page.locator('h1 span', { hasText: w('live.connected') }).waitFor()
  const busyMs = await mainThread(await context.newCDPSession(page))
  const before = await busyMs()
  const SECONDS = 4
  await flood('flood', 50, SECONDS * 10, 100)
  // All rows are in the list, of which few are in the page.
  const held = await until(async () => {
    const rows = (await page.evaluate(
      `Math.round(document.querySelector('main [role=region] ul').getBoundingClientRect().height / 32)`,
    )) as number
    return rows >= SECONDS * 500 ? rows : undefined
  })
  expect(held).toBe(SECONDS * 500)
  expect(await page.getByRole('listitem').count()).toBeLessThan(100)
  // Of a core: what is left is for who scrolls and clicks.
  expect(((await busyMs()) - before) / SECONDS).toBeLessThan(400)
  await page.getByRole('button', { name: w('live.pause') }).click()
  await stand.ask('POST', '/app/flood/msg', { eventType: 'while.paused', payload: {} })
  await page.getByRole('button', { name: w('live.waitingNew', { count: 1 }) }).waitFor()
  expect(await page.getByText('while.paused').count()).toBe(0)
  await page.getByRole('button', { name: w('live.resume') }).click()
  await page.getByText('while.paused').waitFor()
  expect(faults).toEqual([])
  await leave()
})

test('what a page was too slow for is counted on it', async () => {
  const { page, go, context, leave } = await meet(stand.pombo.url, { key: stand.pombo.key })
  await stand.ask('POST', '/app', { name: 'Torrent', uid: 'torrent' })
  await go(`/live?app=${(await stand.ask('GET', '/app/torrent')).id}`)
  await page.locator('h1 span', { hasText: w('live.connected') }).waitFor()
  // Held still in the midst of a script, as a page that is at its limit.
  const debug = await context.newCDPSession(page)
  await debug.send('Debugger.enable')
  const still = new Promise((resolve) => debug.once('Debugger.paused', resolve))
  await debug.send('Debugger.pause')
  void page.evaluate('1').catch(() => undefined)
  await still
  await flood('torrent', 400, 40, 0)
  await debug.send('Debugger.resume')
  await debug.send('Debugger.disable')
  await page.getByText(/[\d,]+ events were left out/).waitFor()
  await leave()
})

/** Batches of so many messages with long labels, one each so many milliseconds at most. */
async function flood(to: string, size: number, batches: number, eachMs: number): Promise<void> {
  // More than the buffers on the way hold, which on some machines is some megabytes.
  const tags = Array.from({ length: 10 }, (_, index) => `${index}${'x'.repeat(120)}`)
  const message = { eventType: 'flood', payload: {}, ...(eachMs === 0 && { tags }) }
  const messages = Array.from({ length: size }, () => message)
  const begun = performance.now()
  for (let sent = 1; sent <= batches; sent++) {
    const { results } = await stand.ask('POST', `/app/${to}/msg/batch`, { messages })
    expect(results[0].error).toBeUndefined()
    const left = begun + sent * eachMs - performance.now()
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left))
  }
}

/** For how long the page's main thread was on a core, which no other program's load changes. */
async function mainThread(session: CDPSession): Promise<() => Promise<number>> {
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return metrics.find(({ name }) => name === 'TaskDuration')!.value * 1_000
  }
}

test('what became of a message is shown where its payload is deleted, or its key missing', async () => {
  const sent = async (of: string) =>
    (await stand.ask('POST', '/app/shop/msg', { eventType: 'kept.of.it', payload: { of } })).id
  const [gone, shut] = [await sent('the past'), await sent('another key')]
  await until(async () => {
    const { data } = await stand.ask('GET', `/app/shop/attempt/msg/${shut}`)
    return data.length === 1
  })
  await stand.ask('DELETE', `/app/shop/msg/${gone}/content`)
  // As it is stored under a key that this Pombo was not given: version, that key's id, and so on.
  const sealed = Buffer.concat([Buffer.from([1, 0xde, 0xad, 0xbe, 0xef]), Buffer.alloc(40)])
  await stand.pombo.database.pool.query(
    "update message set payload = $1 where payload like '%another key%'",
    [`sealed:deadbeef:${sealed.toString('base64')}`],
  )
  const { page, go, faults, leave } = await meet(stand.pombo.url, { key: stand.pombo.key })
  await go(`/messages/${app}/${gone}`)
  await page.getByText(w('messages.detail.payloadGone')).waitFor()
  await go(`/messages/${app}/${shut}`)
  await page.getByRole('alert').getByText('deadbeef').waitFor()
  await page.getByText(w('messages.outcome.delivered')).first().waitFor()
  // That its payload is refused is the one thing that the browser has to say.
  expect(faults.filter((fault) => !fault.includes('503'))).toEqual([])
  await leave()
})

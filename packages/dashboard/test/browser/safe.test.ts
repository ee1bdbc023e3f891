// Who would use a person's session for themselves: other sites, scripts that get into a page, and who guesses keys.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { meet, wordsOf } from '../support/browser.ts'
import { type Host, startHost } from '../support/host.ts'
import { type Stand, startStand } from '../support/stand.ts'

const w = wordsOf('en')
let stand: Stand
let host: Host
beforeAll(async () => {
  stand = await startStand()
  host = await startHost(stand.pombo.url)
})
afterAll(async () => {
  await host?.close()
  await stand?.stop()
})

const apps = async () => (await stand.ask('GET', '/app')).data.length as number

test('a page of another site changes nothing and reads nothing by a person’s session', async () => {
  const { pombo } = stand
  const { page, leave } = await meet(pombo.url, { key: pombo.key })
  await page.goto(`${host.origin}/host.js`)
  const before = await apps()
  const tried = await page.evaluate(`(async () => {
    const at = '${pombo.url}/api/v1/app'
    const body = JSON.stringify({ name: 'forged' })
    const ways = [
      { method: 'POST', credentials: 'include', body, headers: { 'content-type': 'application/json' } },
      { method: 'POST', credentials: 'include', body, mode: 'no-cors' },
      { credentials: 'include' },
    ]
    return await Promise.all(ways.map((way) => fetch(at, way).then((answer) => answer.status, String)))
  })()`)
  // An answer that may be read is none; of the blind one nothing is to be seen, whatever it was.
  expect(tried).toEqual([
    expect.stringContaining('TypeError'),
    0,
    expect.stringContaining('TypeError'),
  ])
  await page.setContent(`<form method="post" enctype="text/plain" action="${pombo.url}/api/v1/app">
    <input name='{"name":"forged","uid":"' value='"}'></form>`)
  const answered = page.waitForResponse(`${pombo.url}/api/v1/app`)
  await page.evaluate('document.forms[0].submit()')
  expect((await answered).status()).toBeGreaterThanOrEqual(400)
  expect(await apps()).toBe(before)
  await leave()
})

test('a script of Pombo’s own page that does not know the session’s token changes nothing', async () => {
  const { pombo } = stand
  const { page, go, leave } = await meet(pombo.url, { key: pombo.key })
  await go('/apps')
  await page.getByRole('heading', { name: w('apps.title') }).waitFor()
  const before = await apps()
  const status = await page.evaluate(`fetch('/api/v1/app', {
    method: 'POST', body: '{"name":"forged"}', headers: { 'content-type': 'application/json' },
  }).then((answer) => answer.status)`)
  expect(status).toBe(403)
  expect(await apps()).toBe(before)
  await leave()
})

test('markup that got into a page runs nothing, styles nothing and sends nothing away', async () => {
  const { pombo } = stand
  const { page, context, go, leave } = await meet(pombo.url, { key: pombo.key })
  const answered: string[] = []
  context.on('response', (answer) => answered.push(answer.url()))
  await go('/apps')
  await page.getByRole('heading', { name: w('apps.title') }).waitFor()
  const found = await page.evaluate(`(async () => {
    const refused = []
    document.addEventListener('securitypolicyviolation', (one) => refused.push(one.effectiveDirective))
    const add = (name, change) => document.body.append(Object.assign(document.createElement(name), change))
    add('script', { textContent: 'window.ran = 1' })
    add('script', { src: '${host.origin}/host.js' })
    add('style', { textContent: 'body { outline: 9px solid red }' })
    add('iframe', { src: '${host.origin}/script' })
    document.body.insertAdjacentHTML('beforeend', '<a onclick="window.ran = 2" id="trap" style="color: red">x</a>')
    document.getElementById('trap').click()
    const away = await fetch('${host.origin}/link', { method: 'POST' }).then(() => 'sent', () => 'not sent')
    // After a turn, in which the page's own policy holds again for what the test asks.
    const evaluated = await new Promise((done) => setTimeout(() => {
      try { done(new Function('return "ran"')()) } catch { done('refused') }
    }))
    const { outlineWidth } = getComputedStyle(document.body)
    return { ran: window.ran ?? 0, away, evaluated, outlineWidth, refused: [...new Set(refused)].sort() }
  })()`)
  expect(found).toMatchObject({ ran: 0, away: 'not sent', evaluated: 'refused' })
  expect((found as { outlineWidth: string }).outlineWidth).not.toBe('9px')
  expect((found as { refused: string[] }).refused).toEqual(
    expect.arrayContaining(['connect-src', 'script-src-attr', 'script-src-elem', 'style-src-elem']),
  )
  expect(answered.filter((url) => !url.startsWith(pombo.url))).toEqual([])
  await leave()
})

test('who tries too many keys is told to wait, and what they typed stays', async () => {
  const { pombo } = stand
  const { page, go, leave } = await meet(pombo.url)
  await go('/signin')
  const key = page.getByLabel(w('signIn.key'))
  await key.fill('pombo_wrong')
  await page.getByRole('button', { name: w('signIn.submit') }).click()
  await page.getByText(w('signIn.wrong')).waitFor()
  expect(await key.inputValue()).toBe('pombo_wrong')
  for (let tries = 0; tries < 30; tries++)
    await pombo.call('POST', '/api/v1/auth/session', { body: { token: `pombo_guess_${tries}` } })
  await key.fill(pombo.key)
  await page.getByRole('button', { name: w('signIn.submit') }).click()
  await page.getByText(/Too many attempts; try again in \d+ seconds?/).waitFor()
  expect(await key.inputValue()).toBe(pombo.key)
  expect(new URL(page.url()).pathname).toBe('/signin')
  await leave()
})

// Endpoints and sources that ask for more than an address: made, mended and kept in the form, in both languages.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { brokerSubjects } from '../../../server/test/support/broker-sources/subjects.ts'
import { type DatabaseLine, openLine } from '../../../server/test/support/database-line.ts'
import { until } from '../../../server/test/support/receiver.ts'
import { languages } from '../../src/words/languages.ts'
import { meet, wordsOf } from '../support/browser.ts'
import { type Stand, startStand } from '../support/stand.ts'

let stand: Stand
let line: DatabaseLine
beforeAll(async () => {
  stand = await startStand()
  line = await openLine(stand.pombo.database.url)
})
afterAll(async () => {
  await stand?.stop()
  await line?.cut()
})

describe.each(languages)('in %s', (language) => {
  const w = wordsOf(language)

  test('a name and password are set, stay when something else is saved, and are taken away', async () => {
    const { ask, receiver, pombo } = stand
    const path = `/access/${language}`
    const app = await ask('POST', '/app', { name: `Access ${language}` })
    const { page, go, faults, leave } = await meet(pombo.url, { key: pombo.key, language })
    await go(`/endpoints/new?app=${app.id}`)
    await page.getByLabel(w('endpointForm.url'), { exact: true }).fill(receiver.url + path)
    await page.getByLabel(w('access.auth')).selectOption('basic')
    const create = page.getByRole('button', { name: w('endpointForm.create') })
    await create.click()
    await page.getByText(w('access.missingWrong')).first().waitFor()
    await page.getByLabel(w('access.username'), { exact: true }).fill('pombo')
    await page.getByLabel(w('access.password'), { exact: true }).fill('a b:c')
    await create.click()
    await page.waitForURL(/\/endpoints\/app_\w+\/ep_/)
    const at = new URL(page.url()).pathname
    // Not left in the midst of being loaded.
    await page.getByRole('tab', { name: w('endpoints.detail.settings') }).waitFor()
    await page.waitForLoadState('networkidle')

    const sent = async (number: number) => {
      await ask('POST', `/app/${app.id}/msg`, { eventType: 'a.b', payload: { number } })
      const all = await until(() => {
        const came = receiver.received.filter((one) => one.path === path)
        return came.length >= number ? came : undefined
      })
      return all.at(-1)!.headers.authorization
    }
    expect(await sent(1)).toBe(`Basic ${Buffer.from('pombo:a b:c').toString('base64')}`)

    await go(`${at}?tab=settings`)
    const save = page.getByRole('button', { name: w('common.save') })
    await page.getByLabel(w('endpointForm.description')).fill('still let in')
    await save.click()
    await page.getByText(w('endpointForm.saved')).waitFor()
    expect(await sent(2)).toMatch(/^Basic /)

    await go(`${at}?tab=settings`)
    await page.getByLabel(w('access.auth')).selectOption('none')
    await save.click()
    await until(async () => {
      const endpoint = await ask('GET', `/app/${app.id}/endpoint/${at.split('/').at(-1)!}`)
      return endpoint.auth === null
    })
    expect(await sent(3)).toBeUndefined()
    expect(faults).toEqual([])
    await leave()
  })

  test('a table gets its rows once its trouble is mended, and its password stays when it is saved', async () => {
    const { ask, pombo } = stand
    const { pool } = pombo.database
    const table = `events_${language.slice(0, 2)}`
    const app = await ask('POST', '/app', { name: `Table ${language}` })
    const { username, host, pathname } = new URL(line.url)
    const url = `postgres://${username}:s3cret@${host}${pathname}?sslmode=disable`
    const { page, go, faults, leave } = await meet(pombo.url, { key: pombo.key, language })
    await go(`/endpoints/new?app=${app.id}`)
    await page.getByLabel(w('destinations.kind'), { exact: true }).selectOption('postgres')
    await page.getByLabel(w('destinations.url'), { exact: true }).fill('https://db.example.com')
    const create = page.getByRole('button', { name: w('endpointForm.create') })
    await create.click()
    await page.getByText('postgres://user:password@').first().waitFor()
    await page.getByText(w('destinations.missingWrong')).waitFor()
    await page.getByLabel(w('destinations.url'), { exact: true }).fill(url)
    await page.getByLabel(w('destinations.field.table')).fill(table)
    await create.click()
    // Pombo has looked, and says it at the field; what was typed is still there.
    await page.getByRole('alert').filter({ hasText: table }).waitFor()
    expect(await page.getByLabel(w('destinations.url'), { exact: true }).inputValue()).toBe(url)
    await pool.query(`create table ${table} (id text primary key, payload jsonb)`)
    await create.click()
    await page.waitForURL(/\/endpoints\/app_\w+\/ep_/)
    const at = new URL(page.url()).pathname
    // Not left in the midst of being loaded.
    await page.getByRole('tab', { name: w('endpoints.detail.settings') }).waitFor()
    await page.waitForLoadState('networkidle')

    await go(`${at}?tab=settings`)
    const address = page.getByLabel(w('destinations.url'), { exact: true })
    expect(await address.inputValue()).toContain(':***@')
    await page.getByLabel(w('endpointForm.description')).fill('rows')
    await page.getByRole('button', { name: w('common.save') }).click()
    await page.getByText(w('endpointForm.saved')).waitFor()
    await ask('POST', `/app/${app.id}/msg`, { eventType: 'a.b', payload: { n: 7 } })
    const row = await until(async () => (await pool.query(`select payload from ${table}`)).rows[0])
    expect(row).toEqual({ payload: { n: 7 } })
    expect(faults).toEqual([])
    await leave()
  })
})

test.each(Object.entries(brokerSubjects))(
  'a source is fed by %s: what the broker refuses stands at its field, and what it has is read',
  async (name, open) => {
    const { ask, pombo } = stand
    const subject = await open()
    if (subject.missing) return console.warn(subject.missing)
    const w = wordsOf(Object.keys(brokerSubjects).indexOf(name) % 2 === 0 ? 'pt-BR' : 'en')
    const language = w('common.save') === 'Save' ? 'en' : 'pt-BR'
    const app = await ask('POST', '/app', { name })
    const { page, go, faults, leave } = await meet(pombo.url, { key: pombo.key, language })
    await go(`/sources?app=${app.id}`)
    await page
      .getByRole('button', { name: w('sources.new') })
      .first()
      .click()
    const dialog = page.getByRole('dialog', { name: w('sources.new') })
    await dialog.getByLabel(w('sources.gateway'), { exact: true }).selectOption('events')
    await dialog.getByLabel(w('sources.fedBy')).selectOption(subject.type)
    // What may be left out says so behind its name.
    const field = (at: string) => {
      const label = at === 'url' ? w('destinations.url') : w(`destinations.field.${at}` as never)
      return dialog.getByRole('textbox', { name: new RegExp(`^${label}(?: \\(|$)`) })
    }
    const give = async (settings: object) => {
      for (const [at, value] of Object.entries(settings))
        if (at !== 'type') await field(at).fill(String(value))
    }
    const create = dialog.getByRole('button', { name: w('common.create') })
    const refusal = async (at: string, words: string) => {
      await create.click()
      await dialog.getByRole('alert').filter({ hasText: words }).waitFor()
      expect(await field(at).getAttribute('aria-invalid')).toBe('true')
      expect(await dialog.getByRole('alert').count()).toBe(1)
    }
    const said = (code: string) =>
      w(`problems.fields.${code}` as never, { detail: '' } as never).trim()

    const place = await subject.place()
    await give(place.settings('127.0.0.1:1'))
    await refusal('url', said('unreachable_connect-refused'))
    if (subject.stranger) {
      await give(subject.stranger())
      await refusal('url', said('declined_credentials'))
    }
    if (subject.nowhere) {
      await give(subject.nowhere.settings())
      await refusal(subject.nowhere.field, said('declined_missing'))
    }
    await give(place.settings())
    await create.click()
    await page.waitForURL(/\/sources\/app_\w+\/src_/)
    const state = page.getByText(w('sources.reading.reading'), { exact: true })
    await state.first().waitFor()
    await place.publish([{ body: JSON.stringify({ eventType: 'of.a.broker', payload: { n: 7 } }) }])
    await until(async () => (await ask('GET', `/app/${app.id}/msg`)).data.length === 1)

    // Passwords stay what they are; nothing is read while it is so said.
    await page.getByRole('button', { name: w('common.edit') }).click()
    const editing = page.getByRole('dialog', { name: w('sources.broker') })
    await editing.getByLabel(w('destinations.field.paused')).check()
    await editing.getByRole('button', { name: w('common.save') }).click()
    await page.getByText(w('sources.reading.paused'), { exact: true }).first().waitFor()
    expect(faults).toEqual([])
    await leave()
    await subject.stop()
  },
)

// An endpoint that leads to a broker: while the broker is away, the pages say why and since when.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type BrokerProcess,
  programMissing,
  startMosquitto,
} from '../../../server/test/support/broker-process.ts'
import { until } from '../../../server/test/support/receiver.ts'
import { languages } from '../../src/words/languages.ts'
import { meet, wordsOf } from '../support/browser.ts'
import { type Stand, startStand } from '../support/stand.ts'

const missing = programMissing('mosquitto')
let stand: Stand
let broker: BrokerProcess | undefined
beforeAll(async () => {
  stand = await startStand()
  if (missing === undefined) broker = await startMosquitto()
})
afterAll(async () => {
  await stand?.stop()
  await broker?.stop()
})

describe.each(languages)('in %s', (language) => {
  const w = wordsOf(language)

  test('a broker that stops is told of at its endpoint and by the doctor, until it is back', async (context) => {
    if (broker === undefined) return context.skip(missing)
    const { ask, pombo } = stand
    const app = await ask('POST', '/app', { name: `Broker ${language}` })
    const endpoint = await ask('POST', `/app/${app.id}/endpoint`, {
      destination: { type: 'mqtt', url: `mqtt://${broker.host}`, topic: `shop/${language}` },
      retrySchedule: Array.from({ length: 100 }, () => 1),
      circuit: null,
    })
    const path = `/app/${app.id}/endpoint/${endpoint.id}`
    const send = async () =>
      await ask('POST', `/app/${app.id}/msg`, { eventType: 'a.b', payload: {} })
    const delivered = async (id: string) =>
      (await ask('GET', `/app/${app.id}/msg/${id}/endpoint`)).data[0]?.statusText === 'success'
    const first = await send()
    await until(async () => await delivered(first.id))

    await broker.end('SIGKILL')
    const waiting = await send()
    // Known seconds after it; what was on its way when it was killed was cut off, and not refused.
    await until(async () => (await ask('GET', path)).health.reason?.includes('ECONNREFUSED'))
    const { page, go, faults, leave } = await meet(pombo.url, { key: pombo.key, language })
    await go(`/endpoints/${app.id}/${endpoint.id}`)
    const refused = w('causes.reasons.connect-refused')
    const line = page.getByRole('status').filter({ hasText: refused })
    await line.waitFor().catch(async (error: unknown) => {
      const { health } = await ask('GET', path)
      const instead = await page.locator('main').innerText()
      throw new Error(`${JSON.stringify(health)}; it says: ${instead}; ${String(error)}`)
    })
    const { failingSince } = (await ask('GET', path)).health
    expect(await line.locator('time').first().getAttribute('datetime')).toBe(failingSince)

    // A recent answer of the doctor's is given again.
    await until(async () =>
      JSON.stringify(await ask('GET', '/system/doctor')).includes(endpoint.id),
    )
    await go('/system')
    const said = language === 'en' ? 'nothing accepts connections' : 'Nada aceita conexões'
    const finding = page.getByRole('row').filter({ hasText: endpoint.id })
    await finding.getByText(said).waitFor()
    if (language !== 'en') expect(await finding.textContent()).not.toMatch(/accepts|since|fails/)

    await broker.start()
    await until(async () => await delivered(waiting.id))
    await go(`/endpoints/${app.id}/${endpoint.id}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.waitForLoadState('networkidle')
    expect(await line.count()).toBe(0)
    expect(faults).toEqual([])
    await leave()
  })
})
